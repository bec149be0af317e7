-- What a group of batches of one partition changes on a leaderboard.
--
-- KEYS: the sorted set, what is remembered of it.
-- ARGV: epoch, number of the tournament (of a game's: of the day or week), end in seconds or - for none, partition or -,
-- batch after the last one, how many leave, who leaves, then score and player of each who is there.
local remembered = redis.call('HMGET', KEYS[2], 'epoch', 'tournament', ARGV[4])
local epoch, tournament = tonumber(remembered[1] or 0), tonumber(remembered[2] or 0)
local fence = tonumber(remembered[3] or 0)
local own_epoch, own = tonumber(ARGV[1]), tonumber(ARGV[2])
if own_epoch < epoch or (own_epoch == epoch and own < tournament) then
    return 0
end
if own_epoch > epoch or own > tournament then
    redis.call('DEL', KEYS[1], KEYS[2])
    redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'tournament', ARGV[2])
    fence = 0
end
if ARGV[4] ~= '-' then
    if tonumber(ARGV[5]) < fence then
        return 0
    end
    local leave = 6 + tonumber(ARGV[6])
    for first = 7, leave, 1000 do
        redis.call('ZREM', KEYS[1], unpack(ARGV, first, math.min(first + 999, leave)))
    end
    for first = leave + 1, #ARGV, 1000 do
        redis.call('ZADD', KEYS[1], unpack(ARGV, first, math.min(first + 999, #ARGV)))
    end
    redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])
end
if ARGV[3] ~= '-' then
    redis.call('EXPIREAT', KEYS[1], ARGV[3])
    redis.call('EXPIREAT', KEYS[2], ARGV[3])
end
return 1
