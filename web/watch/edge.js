/** Staying at the live edge: a little faster when behind, a jump when far behind, over holes in what is buffered. */

/** Seconds behind the edge: above `jump` the rest is skipped, above `fast` playing is faster until `calm`. @typedef {{ readonly jump: number, readonly fast: number, readonly calm: number }} Distances */

/** @type {Distances} */
export const usual = { jump: 3, fast: 1.2, calm: 0.5 }

const speed = 1.1

/** Ranges of time, as `HTMLMediaElement.buffered` has them. @typedef {{ readonly length: number, start(i: number): number, end(i: number): number }} Ranges */

/** What to do: go there, and at that rate. @typedef {{ readonly to?: number, readonly rate: number, readonly behind: number }} Step */

/**
 * One step of it.
 * @param {Ranges} buffered
 * @param {number} time where the player is, seconds
 * @param {number} rate how fast it plays now
 * @param {Distances} [distances]
 * @returns {Step}
 */
export function step(buffered, time, rate, distances = usual) {
  if (buffered.length === 0) return { rate: 1, behind: 0 }
  const last = buffered.length - 1
  const edge = buffered.end(last)
  const behind = Math.max(0, edge - time)
  if (behind > distances.jump) return { to: Math.max(buffered.start(last), edge - distances.calm), rate: 1, behind }
  const next = nextStart(buffered, time)
  if (next !== undefined) return { to: next, rate: 1, behind }
  const hurry = behind > distances.fast || (rate > 1 && behind > distances.calm)
  return { rate: hurry ? speed : 1, behind }
}

/** Where playing can go on, when there is nothing at `time`. @param {Ranges} buffered @param {number} time */
function nextStart(buffered, time) {
  for (let i = 0; i < buffered.length; i++) {
    const start = buffered.start(i)
    if (time >= start && time < buffered.end(i) - 0.02) return undefined
    if (start > time) return start
  }
  return undefined
}

/** Keeps a video element at the edge until the returned function is called. @param {HTMLVideoElement} video @param {Distances} [distances] */
export function stayLive(video, distances = usual) {
  const tick = () => {
    if (video.paused || video.seeking) return
    const { to, rate } = step(video.buffered, video.currentTime, video.playbackRate, distances)
    if (to !== undefined) video.currentTime = to
    if (video.playbackRate !== rate) video.playbackRate = rate
  }
  const timer = setInterval(tick, 250)
  video.addEventListener('play', tick)
  return () => {
    clearInterval(timer)
    video.removeEventListener('play', tick)
    video.playbackRate = 1
  }
}
