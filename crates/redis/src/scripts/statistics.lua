-- What a group of batches of one partition changes of players' statistics.
--
-- KEYS: what is remembered of them, then the hash of each. ARGV: epoch, partition, batch after the last one, then of
-- each: 1 for all of it or 0 for what has changed, total, last, how many fields, field and value of each.
-- Returns which were refused: they hold something else than a hash.
local remembered = redis.call('HMGET', KEYS[1], 'epoch', ARGV[2])
local epoch, fence = tonumber(remembered[1] or 0), tonumber(remembered[2] or 0)
local refused = {}
if tonumber(ARGV[1]) < epoch then
    return refused
end
if tonumber(ARGV[1]) > epoch then
    redis.call('DEL', KEYS[1])
    redis.call('HSET', KEYS[1], 'epoch', ARGV[1])
    fence = 0
end
if tonumber(ARGV[3]) < fence then
    return refused
end
local at = 4
for index = 2, #KEYS do
    local whole, total, last, count = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
    local first = at + 4
    at = first + 2 * count
    local known = false
    if whole == '1' then
        redis.call('DEL', KEYS[index])
    else
        known = redis.pcall('HGET', KEYS[index], 'last_event')
    end
    if type(known) == 'table' then
        refused[#refused + 1] = index - 1
    elseif total ~= '0' then
        -- Without the Z, which is more than a fraction's point.
        if known and string.sub(known, 1, -2) > string.sub(last, 1, -2) then
            last = known
        end
        redis.call('HSET', KEYS[index], 'total_events', total, 'last_event', last)
        if count > 0 then
            redis.call('HSET', KEYS[index], unpack(ARGV, first, at - 1))
        end
    end
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
return refused
