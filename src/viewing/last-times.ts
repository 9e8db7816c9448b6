/** The newest time of each track of a stream. */

/** Written for each frame and viewer: two short lists cost a third of what a map does. */
export class LastTimes {
  readonly #tracks: number[] = []
  readonly #times: number[] = []

  get isEmpty(): boolean {
    return this.#tracks.length === 0
  }

  get(track: number): number | undefined {
    const at = this.#tracks.indexOf(track)
    return at < 0 ? undefined : this.#times[at]
  }

  set(track: number, time: number): void {
    let at = this.#tracks.indexOf(track)
    if (at < 0) at = this.#tracks.push(track) - 1
    this.#times[at] = time
  }

  clear(): void {
    this.#tracks.length = 0
    this.#times.length = 0
  }
}
