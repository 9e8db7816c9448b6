/** How long a cold pull takes: from a viewer's request to its first frame, over a link that is up, where nothing is pulled yet. */

import { FlvReader } from './flv-reader.js'
import { startScript } from './process.js'
import { path } from './scenario.js'
import { ShoalNode } from './shoal-node.js'

/** Times in ms, one for each try. */
export async function coldPulls(clip: string, folder: string, tries: number): Promise<number[]> {
  const [a, b] = await Promise.all([ShoalNode.start('a', folder), ShoalNode.start('b', folder)])
  const publisher = startScript('load', 'publisher.ts', [clip, `${a.rtmp}/${path}`])
  const times: number[] = []
  try {
    await b.join(a)
    await a.flows(path)
    for (let i = 0; i < tries; i++) {
      // a path of its own for each try: none finds a pull that is warm already
      await b.command('pull', '--on-demand', `shoal://a/${path}`, `cold/${i}`)
      const reader = new FlvReader(new URL(`${b.http}/cold/${i}.flv`))
      await reader.first()
      times.push(reader.joined ?? Number.NaN)
      reader.close()
    }
  } finally {
    await publisher.stop()
    await Promise.all([a.stop(), b.stop()])
  }
  return times
}
