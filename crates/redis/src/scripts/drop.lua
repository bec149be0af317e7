-- A tournament was cancelled, and its leaderboard goes.
--
-- KEYS: the sorted set, what is remembered of it. ARGV: epoch, number of the tournament.
local remembered = redis.call('HMGET', KEYS[2], 'epoch', 'tournament')
local epoch, tournament = tonumber(remembered[1] or 0), tonumber(remembered[2] or 0)
local own_epoch, own = tonumber(ARGV[1]), tonumber(ARGV[2])
-- Without anything remembered the set is not ours, or not there.
if tournament == 0 or own_epoch < epoch or (own_epoch == epoch and own < tournament) then
    return 0
end
return redis.call('DEL', KEYS[1], KEYS[2])
