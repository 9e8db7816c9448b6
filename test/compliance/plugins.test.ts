import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import hello from '../../examples/hello/hello.js'
import monitorExample from '../../examples/monitor/monitor.js'
import myproto from '../../examples/myproto/myproto.js'
import puller from '../../examples/puller/puller.js'
import type { Plugin } from '../../src/plugin.js'
import { file } from '../../src/plugins/file/index.js'
import { fmp4 } from '../../src/plugins/fmp4/index.js'
import { hls } from '../../src/plugins/hls/index.js'
import { httpFlv } from '../../src/plugins/http-flv/index.js'
import { messaging } from '../../src/plugins/messaging/index.js'
import { encodeAck, encodeMessage, kinds } from '../../src/plugins/messaging/wire.js'
import { monitor } from '../../src/plugins/monitor/monitor.js'
import { mpegts } from '../../src/plugins/mpegts/index.js'
import { rtmp } from '../../src/plugins/rtmp/index.js'
import { rtsp } from '../../src/plugins/rtsp/index.js'
import { rules } from '../../src/plugins/rules/rules.js'
import { simpleTcp } from '../../src/plugins/simple-tcp/simple-tcp.js'
import { snapshot } from '../../src/plugins/snapshot/index.js'
import { watch } from '../../src/plugins/watch/index.js'
import { fakeNodeId, fakePeer, pluginCompliance } from '../../src/testing/index.js'

const api = { describe, expect, it }

pluginCompliance(api, 'monitor', { factory: monitor, badConfigs: [{ history: 0 }, { history: '10' }, { history: 1.5 }, { history: 100_001 }] })
pluginCompliance(api, 'simple-tcp', {
  factory: simpleTcp,
  config: { port: 0 },
  badConfigs: [{ port: -1 }, { port: 65_536 }, { port: '4720' }, { host: '' }, { maxConnections: 0 }, { maxLine: 1 }, { maxOutput: null }],
})
pluginCompliance(api, 'rules', {
  factory: () => rules() as Plugin,
  config: { file: join(import.meta.dirname, '..', 'fixtures', 'rules.yaml') },
  badConfigs: [{ file: '' }, { file: 7 }, { path: 'rules.yaml' }],
})
pluginCompliance(api, 'hello example', {
  factory: hello,
  badConfigs: [{ greeting: 7 }],
  payloads: { 'hello.greet': new TextEncoder().encode('Ada') },
})
pluginCompliance(api, 'monitor example', { factory: () => monitorExample() as Plugin, badConfigs: [{ path: 7 }] })
pluginCompliance(api, 'puller example', { factory: puller })
pluginCompliance(api, 'myproto example', { factory: myproto })
pluginCompliance(api, 'rtmp', {
  factory: () => rtmp as Plugin,
  config: { port: 0 },
  badConfigs: [{ port: -1 }, { port: 'x' }, { host: 7 }, { chunkSize: 0 }, { maxConnections: 0 }, { takeover: 'yes' }],
})
pluginCompliance(api, 'rtsp', {
  factory: () => rtsp as Plugin,
  config: { port: 0 },
  badConfigs: [{ port: -1 }, { port: 'x' }, { host: 7 }, { idleTimeout: 0 }, { maxConnections: 0 }, { takeover: 'yes' }],
})
pluginCompliance(api, 'http-flv', { factory: () => httpFlv as Plugin, badConfigs: [{ wait: -1 }, { bufferSize: 1 }, { stallTimeout: 'x' }] })
pluginCompliance(api, 'fmp4', { factory: () => fmp4 as Plugin, badConfigs: [{ wait: -1 }, { bufferSize: 1 }, { stallTimeout: 'x' }] })
pluginCompliance(api, 'mpegts', { factory: () => mpegts as Plugin, badConfigs: [{ wait: -1 }, { bufferSize: 1 }, { stallTimeout: 'x' }] })
pluginCompliance(api, 'hls', {
  factory: () => hls as Plugin,
  badConfigs: [{ wait: -1 }, { segmentDuration: 1 }, { partDuration: -1 }, { window: 2 }, { format: 'mov' }, { idleTimeout: 0 }],
})
pluginCompliance(api, 'snapshot', {
  factory: () => snapshot as Plugin,
  badConfigs: [{ ffmpeg: '' }, { processes: 0 }, { interval: -1 }, { wait: 'x' }],
})
pluginCompliance(api, 'watch', { factory: () => watch })
pluginCompliance(api, 'file', { factory: () => file as Plugin, badConfigs: [{ roots: '/' }, { roots: [7] }] })
pluginCompliance(api, 'messaging', {
  factory: () => messaging() as Plugin,
  badConfigs: [{ maxText: 0 }, { maxText: 16_385 }, { history: 0 }, { queue: 'x' }, { queue: 10_001 }],
  // the suite's payloads come from this node's own id
  peers: [fakePeer({ id: fakeNodeId })],
  payloads: {
    [kinds.message]: encodeMessage({ id: 'a'.repeat(32), time: 1, text: 'hello' }),
    [kinds.ack]: encodeAck({ what: 'read', id: 'b'.repeat(32) }),
  },
})
