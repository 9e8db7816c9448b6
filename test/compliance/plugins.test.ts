import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import hello from '../../examples/hello/hello.js'
import myproto from '../../examples/myproto/myproto.js'
import type { Plugin } from '../../src/plugin.js'
import { file } from '../../src/plugins/file/index.js'
import { httpFlv } from '../../src/plugins/http-flv/index.js'
import { messaging } from '../../src/plugins/messaging/index.js'
import { encodeAck, encodeMessage, kinds } from '../../src/plugins/messaging/wire.js'
import { monitor } from '../../src/plugins/monitor/monitor.js'
import { rtmp } from '../../src/plugins/rtmp/index.js'
import { rules } from '../../src/plugins/rules/rules.js'
import { simpleTcp } from '../../src/plugins/simple-tcp/simple-tcp.js'
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
pluginCompliance(api, 'myproto example', { factory: myproto })
pluginCompliance(api, 'rtmp', {
  factory: () => rtmp as Plugin,
  config: { port: 0 },
  badConfigs: [{ port: -1 }, { port: 'x' }, { host: 7 }, { chunkSize: 0 }, { maxConnections: 0 }, { takeover: 'yes' }],
})
pluginCompliance(api, 'http-flv', { factory: () => httpFlv as Plugin, badConfigs: [{ wait: -1 }, { bufferSize: 1 }, { stallTimeout: 'x' }] })
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
