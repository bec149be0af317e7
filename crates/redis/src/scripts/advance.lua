-- Partitions are written further, all of them or none.
--
-- KEYS: how far it is. ARGV: epoch, then of each partition: its number, the batch where it was or -, how far it is, and how
-- far it could be.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
    return 0
end
for at = 2, #ARGV, 4 do
    local known = redis.call('HGET', KEYS[1], 'next-' .. ARGV[at])
    if (known and string.match(known, '^%d+') or '-') ~= ARGV[at + 1] then
        return 0
    end
end
for at = 2, #ARGV, 4 do
    redis.call('HSET', KEYS[1], 'next-' .. ARGV[at], ARGV[at + 2], 'state-' .. ARGV[at], ARGV[at + 3])
end
return 1
