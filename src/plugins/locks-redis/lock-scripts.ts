/** What Redis runs in one piece, so that no other client comes between. KEYS and ARGV are named at each. */

/**
 * Takes a free lock: KEYS lock, counter; ARGV owner, ttl in ms. The token, or nothing when somebody has it. A token is the
 * server's clock in µs, and always more than the last one: so tokens go on rising when the server has lost its data, and also
 * when its clock goes back.
 */
export const acquireScript = `
if redis.call('exists', KEYS[1]) == 1 then return false end
local clock = redis.call('time')
local token = math.max(tonumber(redis.call('get', KEYS[2]) or '0') + 1, tonumber(clock[1]) * 1000000 + tonumber(clock[2]))
local text = string.format('%.0f', token)
redis.call('set', KEYS[2], text)
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return text
`

/** Makes a lock last longer: KEYS lock; ARGV owner, ttl in ms. 1, or 0 when it is another's or nobody's. */
export const renewScript = `
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])
`

/** Gives a lock back: KEYS lock; ARGV owner. */
export const releaseScript = `
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])
`
