/** What cameras do that no specification says. */

import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { nalCodecs } from '../../../../src/media/flv/nal-codec.js'
import { writeGoodbye } from '../../../../src/media/rtp/rtcp.js'
import { encodeInterleaved, type Fields, headerOf } from '../../../../src/media/rtsp/message.js'
import { pull } from '../../../../src/plugins/rtsp/pull.js'
import { fakePullJob } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'
import { avcConfigs, hex } from '../../media/configs.js'
import { type Camera, camera, closeCameras, pullAll, sdp, timing } from './camera.js'

afterEach(closeCameras)

/** One that describes itself so. */
async function describing(description: string, fields: Fields = {}): Promise<{ made: Camera; host: string }> {
  const { camera: made, host } = await camera()
  made.answer = (request) => (request.method === 'DESCRIBE' ? [200, fields, description] : made.usual(request))
  return { made, host }
}

const rtp = (sequence: number, time: number, payload: Uint8Array, marker = false): Buffer => {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0x8060 + (marker ? 0x80 : 0), 0)
  head.writeUInt16BE(sequence, 2)
  head.writeUInt32BE(time, 4)
  return Buffer.concat([head, payload])
}

describe('descriptions', () => {
  it('parameter sets that are not in it come with the picture', async () => {
    const { made, host } = await describing('v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:track1\n')
    const sets = nalCodecs.avc1.setsOf(hex(avcConfigs[1]?.hex ?? ''))
    made.play = (socket: Socket) => {
      // two pictures are fewer than H.264 waits for: the goodbye starts what there is
      const units = [...sets, Uint8Array.of(0x65, 1, 2, 3), Uint8Array.of(0x41, 1, 2, 3)]
      const timeOf = (i: number): number => (i > sets.length ? 54_000 : 0)
      for (const [i, unit] of units.entries()) socket.write(encodeInterleaved(0, rtp(i, timeOf(i), unit, i >= sets.length)))
      socket.write(encodeInterleaved(1, writeGoodbye(1)))
    }
    expect(await pullAll(`rtsp://${host}/cam`)).toBe(2)
  })

  it('media that are not known, not RTP or badly described are left out, and so is rubbish behind the end', async () => {
    const metadata = 'm=application 0 RTP/AVP 107\na=rtpmap:107 vnd.camera.alarms/90000\na=control:meta\n'
    const others = 'm=application 9 UDP/BFCP *\nm=audio 0 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/8000\na=fmtp:97 config=ff\na=control:bad\n'
    const { made, host } = await describing(`${sdp.replace('m=audio', `${metadata}${others}m=audio`)}\0\0rubbish\r\n\r\nx`)
    expect(await pullAll(`rtsp://${host}/cam`)).toBe(3)
    expect(made.asked('SETUP').map(({ uri }) => uri)).toEqual([`rtsp://${host}/cam/track1`])
  })

  it('metadata that are described and then refused are left out', async () => {
    const { made, host } = await describing(
      `v=0\nm=application 0 RTP/AVP 107\na=rtpmap:107 vnd.onvif.metadata/90000\na=control:meta\n${sdp.replace('v=0\n', '')}`,
    )
    const before = made.answer
    made.answer = (request) => (request.method === 'SETUP' && request.uri.endsWith('/meta') ? [404] : before(request))
    expect(await pullAll(`rtsp://${host}/cam`)).toBe(3)
    expect(made.asked('SETUP').map(({ headers }) => headerOf(headers, 'transport')?.includes('interleaved=0-1'))).toEqual([true, true])
  })

  it.each([
    ['cam', '', 'track1', 'cam/track1'],
    ['cam/', '', 'track1', 'cam/track1'],
    ['cam?channel=1', '', 'track1', 'cam?channel=1/track1'],
    ['cam', 'other', '/track1', 'other/track1'],
    ['cam', 'other/?a=1', 'track1', 'other/?a=1/track1'],
  ])('at %s with the base "%s" the control "%s" is %s', async (path, base, control, uri) => {
    const { camera: made, host } = await camera()
    const fields: Fields = base === '' ? {} : { 'Content-Base': `rtsp://${host}/${base}` }
    made.answer = (request) => (request.method === 'DESCRIBE' ? [200, fields, sdp.replace('track1', control)] : made.usual(request))
    expect(await pullAll(`rtsp://${host}/${path}`)).toBe(3)
    expect(made.asked('SETUP')[0]?.uri).toBe(`rtsp://${host}/${uri}`)
  })
})

describe('sessions', () => {
  it('channels are those of the answer, and times of PLAY count for nothing', async () => {
    const { camera: made, host } = await camera()
    made.answer = (request) => {
      if (request.method === 'SETUP') return [200, { Session: 'abc', Transport: 'RTP/AVP/TCP;unicast;interleaved=6-9' }]
      return request.method === 'PLAY' ? [200, { 'RTP-Info': 'url=rtsp://x/y;seq=;rtptime=-1', Range: 'npt=nonsense' }] : made.usual(request)
    }
    made.play = (socket) => {
      for (let i = 0; i < 3; i++) socket.write(encodeInterleaved(6, rtp(i, i * 160, new Uint8Array(160))))
      socket.write(encodeInterleaved(9, writeGoodbye(1)))
    }
    expect(await pullAll(`rtsp://${host}/cam`)).toBe(3)
  })

  it('an answer without a number is that of the oldest request', async () => {
    const { camera: made, host } = await camera()
    made.answer = (request) => {
      const [status, fields, body = ''] = made.usual(request) ?? [500]
      return [status, { ...fields, CSeq: undefined }, body]
    }
    expect(await pullAll(`rtsp://${host}/cam`)).toBe(3)
  })

  it('GET_PARAMETER that is promised and refused gives way to OPTIONS; then the session ends, and so does the pull', async () => {
    const { camera: made, host } = await camera()
    made.play = () => {}
    made.answer = (request) => {
      if (request.method === 'GET_PARAMETER') return [501]
      return made.asked('OPTIONS').length > 2 && request.method === 'OPTIONS' ? [454] : made.usual(request)
    }
    const job = fakePullJob(`rtsp://${host}/cam`)
    await expect(pull(job, { ...timing, firstMedia: 20_000 })).rejects.toMatchObject({
      code: 'ERR_SOURCE_FAILED',
      message: expect.stringContaining('ended the session'),
    })
    expect(made.asked('GET_PARAMETER').length).toBe(1)
    await job.end()
    // the host of pulls tries again: with a new session
    made.answer = (request) => made.usual(request)
    const again = fakePullJob(`rtsp://${host}/cam`)
    const pulling = pull(again, timing).catch((error: unknown) => error)
    await waitFor('a new session', () => made.asked('SETUP').length === 2)
    expect(headerOf(made.asked('SETUP')[1]?.headers ?? new Map(), 'session')).toBeUndefined()
    await again.end()
    await pulling
  })

  it('signs of life that one too busy does not answer end nothing while media come', async () => {
    const { camera: made, host } = await camera()
    made.play = () => {}
    let left = 1
    made.answer = (request) => (request.method === 'GET_PARAMETER' && left-- > 0 ? undefined : made.usual(request))
    const job = fakePullJob(`rtsp://${host}/cam`)
    const pulling = pull(job, { ...timing, call: 300, firstMedia: 20_000 }).catch((error: unknown) => error)
    await waitFor('more signs of life', () => made.asked('GET_PARAMETER').length >= 4)
    await job.end()
    await pulling
  })
})
