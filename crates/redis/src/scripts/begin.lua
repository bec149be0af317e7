-- Everything begins anew, unless somebody has had it begin since one looked.
--
-- KEYS: how far it is. ARGV: the epoch that was there, the one that begins, cluster, shape, servers.
if (redis.call('HGET', KEYS[1], 'epoch') or '0') ~= ARGV[1] then
    return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'cluster', ARGV[3], 'shape', ARGV[4], 'servers', ARGV[5])
return 1
