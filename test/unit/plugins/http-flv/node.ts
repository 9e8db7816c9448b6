/** A node with nothing but a hub, the HTTP-FLV plugin and an HTTP server in front of it. */

import type { Hub } from '../../../../src/daemon/streams/hub.js'
import type { Plugin } from '../../../../src/plugin.js'
import { type HttpFlvConfig, type HttpFlvInfo, httpFlv } from '../../../../src/plugins/http-flv/index.js'
import { ViewingNode } from '../../viewing/node.js'

export { RawClient } from '../../viewing/node.js'

type Limits = Partial<ConstructorParameters<typeof Hub>[0]>

export class TestNode extends ViewingNode {
  static async serve(config: Partial<HttpFlvConfig> = {}, limits: Limits = {}): Promise<TestNode> {
    return await new TestNode(httpFlv as Plugin, { wait: 0, ...config }, limits).listen()
  }

  info(): Promise<HttpFlvInfo> {
    return this.read('/viewers')
  }
}
