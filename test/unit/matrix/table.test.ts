import { expect, it } from 'vitest'
import type { Cell } from '../../matrix/matrix.js'
import { mergedTable, rowText } from '../../matrix/table.js'

const names = { ins: ['RTMP', 'RTSP over TCP', 'SRT'], outs: ['FLV', 'page'] }
const [head, line] = ['| in \\ out | FLV | page |', '| --- | --- | --- |']

it('puts a row that was measured in place of its like and leaves the others', () => {
  const table = [head, line, '| RTMP | 1 | 2 |', '| SRT | 3 | 4 |', ''].join('\n')
  expect(mergedTable(table, names, { name: 'SRT', row: '| SRT | 5 | 6 |' })).toBe([head, line, '| RTMP | 1 | 2 |', '| SRT | 5 | 6 |'].join('\n'))
})

it('brings rows in the order of the ways in, and leaves out those of no way in', () => {
  const table = [head, line, '| SRT | 3 | 4 |', '| gopher | 3 | 4 |', ''].join('\n')
  expect(mergedTable(table, names, { name: 'RTMP', row: '| RTMP | 1 | 2 |' }).split('\n')).toEqual([head, line, '| RTMP | 1 | 2 |', '| SRT | 3 | 4 |'])
})

it('keeps no row of a table with other columns', () => {
  const table = ['| in \\ out | FLV |', '| --- | --- |', '| RTMP | 1 |', ''].join('\n')
  expect(mergedTable(table, names, { name: 'SRT', row: '| SRT | 5 | 6 |' }).split('\n')).toEqual([head, line, '| SRT | 5 | 6 |'])
})

const verdict = {
  ...{ video: 'h264 640x360 25/s', audio: 'aac 48000', source: { video: 'h264 640x360 25/s', audio: 'aac 48000' } },
  ...{ rate: 25, seconds: 20, lost: 0, lostSound: 0, offset: 0.31, jitter: 0, monotone: true },
}
const shown = { size: '640x360', decoded: 550, seen: 498, span: 19.96, monotone: true, misplaced: 0, lost: 0, jumps: 0 }

it('says of a row how far sound and picture are apart, what was seen and what is wrong', () => {
  const cells: Cell[] = [
    { ingest: 'RTMP', egress: 'FLV', node: 'first', verdict },
    { ingest: 'RTMP', egress: 'FLV', node: 'second', verdict: { ...verdict, lost: 2 } },
    { ingest: 'RTMP', egress: 'page', node: 'first', verdict, shown, preset: 'opus' },
    { ingest: 'RTMP', egress: 'page', node: 'second', verdict, shown: { ...shown, misplaced: 40 } },
  ]
  expect(rowText('RTMP', names.outs, cells, 20)).toBe('| RTMP | 0.3 ms; 2 pictures lost | `~opus`: 0.3 ms, 498/500; a picture shown 40 ms off its time |')
})
