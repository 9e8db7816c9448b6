/** Which puller or pusher serves a URL. */

import { ShoalError } from '../../../errors.js'

interface Factory {
  readonly protocol: string
  readonly prefix?: string
  supports?(url: URL): boolean
}

/** The one with the longest prefix, as in the daemon. Throws `ERR_URL_INVALID`, `ERR_SCHEME_UNKNOWN`. */
export function chooseFactory<F extends Factory>(factories: Iterable<F>, text: string): F {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url) throw new ShoalError('ERR_URL_INVALID', `"${text}" is no URL.`)
  const serves = (factory: F): boolean =>
    (factory.supports?.(url) ?? url.protocol === `${factory.protocol}:`) && (factory.prefix === undefined || url.href.startsWith(factory.prefix))
  const [best] = [...factories].filter(serves).sort((a, b) => (b.prefix?.length ?? 0) - (a.prefix?.length ?? 0))
  if (best) return best
  throw new ShoalError('ERR_SCHEME_UNKNOWN', `The plugin serves no ${url.protocol} URLs.`, { hint: 'info shows what it does.' })
}
