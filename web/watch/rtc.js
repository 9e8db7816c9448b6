/** The offer and the answer of WHIP (RFC 9725) and WHEP over HTTP. */

import { problemOf } from './feed.js'

/** ms to wait for addresses of our own; the node's address is all that is needed, so late ones are left out. */
const gathering = 1000

/** A refusal by the node. */
export class Refusal extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

/**
 * Offers, and takes the answer. Resolves with what ends the session at the node, and the address that answered. Rejects with {@link Refusal}.
 * @param {RTCPeerConnection} connection
 * @param {URL} url
 * @param {import('./session.js').Session} session
 * @param {AbortSignal} signal
 * @param {boolean} [insist] take another version rather than none
 * @returns {Promise<{ readonly end: () => void, readonly from: URL }>}
 */
export async function negotiate(connection, url, session, signal, insist = false) {
  await connection.setLocalDescription()
  await gathered(connection)
  const body = connection.localDescription?.sdp ?? ''
  const headers = { ...session.headers, 'Content-Type': 'application/sdp', Accept: 'application/sdp' }
  const post = (/** @type {URL} */ to) => fetch(to, { method: 'POST', headers, body, signal, cache: 'no-store' })
  const first = await post(url)
  const other = insist && first.status === 406 ? alternate(first, url) : undefined
  const from = other ?? url
  const answer = other ? await post(other) : first
  if (answer.status !== 201) throw new Refusal(answer.status, await problemOf(answer))
  const location = answer.headers.get('Location')
  const end = () => {
    // also while the page closes; a session that is not ended ends by itself when nothing comes any more
    if (location) fetch(new URL(location, from), { method: 'DELETE', headers: session.headers, keepalive: true }).catch(() => {})
  }
  try {
    await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() })
  } catch (error) {
    end()
    throw error
  }
  return { end, from }
}

/** Where else the stream is, of the same node. @param {Response} answer @param {URL} url */
function alternate(answer, url) {
  const [, target] = /<([^>]*)>\s*;\s*rel="?alternate"?/.exec(answer.headers.get('Link') ?? '') ?? []
  const other = target === undefined ? undefined : new URL(target, url)
  return other?.origin === url.origin ? other : undefined
}

/** @param {RTCPeerConnection} connection @returns {Promise<void>} */
function gathered(connection) {
  return new Promise((resolve) => {
    if (connection.iceGatheringState === 'complete') return resolve()
    const timer = setTimeout(resolve, gathering)
    connection.addEventListener('icegatheringstatechange', () => {
      if (connection.iceGatheringState !== 'complete') return
      clearTimeout(timer)
      resolve()
    })
  })
}
