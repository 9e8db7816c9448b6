import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { FrameKeys } from '../../../../src/daemon/keystore/frame-keys.js'
import { peerIdOf, signedBy } from '../../../../src/daemon/keystore/peer-id.js'

function newKeys(): { id: string; keys: FrameKeys } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const id = peerIdOf(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)))
  return { id, keys: new FrameKeys({ signNow: (bytes) => new Uint8Array(sign(null, bytes, privateKey)) }) }
}

describe('FrameKeys', () => {
  const message = new TextEncoder().encode('shoal-frame-v1 and more')

  it('signs as the identity does, and checks what others signed', () => {
    const [one, other] = [newKeys(), newKeys()]
    const signature = one.keys.sign(message)
    expect(signedBy(one.id, message, signature)).toBe(true)
    expect(other.keys.signedBy(one.id, message, signature)).toBe(true)
    expect(other.keys.signedBy(other.id, message, signature)).toBe(false)
    expect(other.keys.signedBy(one.id, message.subarray(1), signature)).toBe(false)
    expect(other.keys.signedBy(one.id, message, signature.subarray(1))).toBe(false)
    expect(other.keys.signedBy('nobody', message, signature)).toBe(false)
  })

  it('still checks after it has seen more keys than it keeps', () => {
    const { keys } = newKeys()
    const signers = Array.from({ length: 300 }, () => newKeys())
    for (const round of [signers, signers.slice(0, 3)]) for (const { id, keys: own } of round) expect(keys.signedBy(id, message, own.sign(message))).toBe(true)
  })
})
