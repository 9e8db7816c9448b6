/** Publications whose source failed while another one stands by. */

import type { ShoalError } from '../../errors.js'
import { abortReason } from '../util/wait.js'
import type { HubPublication } from './publication.js'
import { later } from './timer.js'

/** ms the readers wait for the other source; less than a publisher may be silent. */
const holdTime = 8000

/** Keeps a publication open, so that its readers stay, until another source takes the path over or the time is up. */
export class HeldPublications {
  #held: readonly HubPublication[] = []
  #reason: ShoalError | undefined
  #cancel = (): void => {}

  /** Is there a publication that waits to be taken over? */
  get isHeld(): boolean {
    return this.#held.some(({ signal }) => !signal.aborted)
  }

  /** Keeps them for a while; then they end with `reason`. */
  hold(publications: readonly HubPublication[], reason: ShoalError | undefined): void {
    if (publications.length === 0) return
    this.release()
    this.#held = [...publications]
    this.#reason = reason
    this.#cancel = later(holdTime, () => this.release())
  }

  /** The try of a publication is over: so is the publication, but for one that is held. */
  unlessHeld(publication: HubPublication, signal: AbortSignal): void {
    if (!this.#held.includes(publication)) publication.end(abortReason(signal))
  }

  /** Ends those that nobody took over. */
  release(): void {
    this.#cancel()
    const held = this.#held
    this.#held = []
    for (const publication of held) publication.close(this.#reason)
  }
}
