/** Pictures that a browser showed: the number that is drawn in each, beside the time at which it was shown. */

/** What a browser made of a stream. */
export interface Shown {
  /** `640x360`. */
  readonly size: string
  /** Pictures decoded. */
  readonly decoded: number
  /** Pictures that were seen; the others came too late for the screen of a busy machine, or between two looks. */
  readonly seen: number
  /** Seconds from the first to the last that was seen. */
  readonly span: number
  /** Do media times only rise? */
  readonly monotone: boolean
  /** Largest difference between the time of a picture and that of its number, ms; absent where pictures have none. */
  readonly misplaced?: number
  /** Packets that did not come. */
  readonly lost: number
  /** Times that the page left out what lay between, and went on at the live edge. */
  readonly jumps: number
}

/** Pictures of the clip a second. */
const rate = 25

/** Seconds in which a player begins: pictures that were kept are shown as fast as they come, and it finds its distance to the live edge. */
const beginning = 2

/** What a page says: `[number, seconds]` of each picture that was shown. */
interface Look extends Pick<Shown, 'size' | 'decoded' | 'lost' | 'jumps'> {
  readonly shown: readonly (readonly [number: number, time: number])[]
}

/** Sums up what was shown; `numbered`: pictures have numbers. */
export function shownOf(taken: Look, numbered: boolean): Shown {
  const from = (taken.shown[0]?.[1] ?? 0) + beginning
  const shown = taken.shown.filter(([, time]) => time >= from)
  const times = shown.map(([, time]) => time)
  return {
    size: taken.size,
    decoded: taken.decoded,
    seen: shown.length,
    span: (times.at(-1) ?? 0) - (times[0] ?? 0),
    monotone: times.every((time, i) => i === 0 || time > (times[i - 1] ?? time)),
    ...(numbered && { misplaced: misplacement(shown) }),
    lost: taken.lost,
    jumps: taken.jumps,
  }
}

/** How far the time of a picture is from that of its number, ms. */
function misplacement(shown: Look['shown']): number {
  const places = shown.map(([number, time]) => time - number / rate).toSorted((a, b) => a - b)
  const place = places[places.length >> 1] ?? 0
  return Math.max(0, ...places.map((one) => Math.abs(one - place))) * 1000
}

/** Pictures that were sent for the time from the first to the last that was seen. */
export function expected({ span }: Shown, verdict: { readonly rate: number }): number {
  return Math.round(span * verdict.rate) + 1
}

/** What is wrong with it; empty = nothing. A busy machine shows fewer pictures than it decodes. */
export function faultsShown(shown: Shown, verdict: { readonly video: string; readonly rate: number }): string[] {
  const { size, decoded, seen, monotone, misplaced = 0, lost, jumps } = shown
  const of = expected(shown, verdict)
  const faults: [boolean, string][] = [
    [!verdict.video.includes(` ${size} `), `the picture on the page is ${size}`],
    [decoded < of * 0.9, `${decoded} of ${of} pictures decoded`],
    [seen < of / 4, `${seen} of ${of} pictures shown`],
    [!monotone, 'times on the page that do not rise'],
    // the clocks of formats count in ms at the coarsest
    [misplaced > 1.5, `a picture shown ${misplaced.toFixed(0)} ms off its time`],
    [lost > 0, `${lost} packets lost`],
    [jumps > 0, `the page fell behind and jumped ${jumps} times`],
  ]
  return faults.flatMap(([wrong, text]) => (wrong ? [text] : []))
}
