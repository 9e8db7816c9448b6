import { describe, expect, it } from 'vitest'
import { readRules } from '../../../../src/plugins/rules/read-rules.js'
import type { RuleSet } from '../../../../src/plugins/rules/rule-set.js'
import type { PeerNames } from '../../../../src/plugins/rules/subject.js'
import type { Action, Principal } from '../../../../src/services.js'

const kitchen = '12D3KooWKitchen'
const attic = '12D3KooWAttic'
const names: Readonly<Record<string, string>> = { [kitchen]: 'kitchen', [attic]: 'attic' }
const peers: PeerNames = { means: (ref, peer) => ref === peer || names[peer] === ref, nameOf: (peer) => names[peer] }

const peer = (id: string): Principal => ({ kind: 'peer', id })
const ada: Principal = { kind: 'client', id: 'ada', address: '192.0.2.1', local: false }
const stranger: Principal = { kind: 'client', id: 'anonymous', address: '192.0.2.1', local: false }
const here: Principal = { kind: 'client', id: 'anonymous', address: '127.0.0.1', local: true }
const socket: Principal = { kind: 'owner', id: 'owner', local: true }
const token: Principal = { kind: 'owner', id: 'owner', local: true, address: '127.0.0.1' }
const people = { kitchen: peer(kitchen), attic: peer(attic), unknown: peer('12D3KooWOther'), ada, stranger, here, socket, token }

function rules(read: string): RuleSet {
  const closed = ['stream.publish', 'payload.send', 'api.call'].map((name) => `${name}: {"*": false}\n`).join('')
  const { rules: found, problems } = readRules(`stream.read:\n${read.replace(/^/gm, '  ')}\n${closed}`, 'r')
  if (!found) throw new Error(JSON.stringify(problems))
  return found
}

/** Who of all may read `target`. */
function readers(read: string, target = 'x'): string[] {
  const set = rules(read)
  const what: Action = { action: 'stream.read', target }
  return Object.entries(people).flatMap(([name, who]) => (set.decide(who, what, peers).allowed ? [name] : []))
}

describe('a subject', () => {
  it.each([
    ['"*": true', Object.keys(people)],
    ['"*": false', ['socket']],
    ['"*": []', ['socket']],
    ['"*": ["*"]', Object.keys(people)],
    ['"*": [owner]', ['socket', 'token']],
    ['"*": [peer:kitchen]', ['kitchen', 'socket']],
    [`"*": [peer:${attic}]`, ['attic', 'socket']],
    ['"*": ["peer:*"]', ['kitchen', 'attic', 'unknown', 'socket']],
    ['"*": [user:ada]', ['ada', 'socket']],
    ['"*": [user:anonymous]', ['socket']],
    ['"*": ["user:*"]', ['ada', 'socket']],
    ['"*": [client:local]', ['here', 'socket']],
    ['"*": ["client:*"]', ['ada', 'stranger', 'here', 'socket']],
    ['"*": {allow: ["*"], deny: [peer:attic, user:ada]}', ['kitchen', 'unknown', 'stranger', 'here', 'socket', 'token']],
    ['"*": {allow: [peer:attic], deny: ["*"]}', ['socket']],
    ['"*": {allow: [owner]}', ['socket', 'token']],
  ])('%s', (read, who) => {
    expect(readers(read)).toEqual(who)
  })

  it('$name is the peer or the user whom the segment names', () => {
    const read = '"*": false\nhome/$who/*: [$who]\nby-peer/$who: [peer:$who]\nby-user/$who: [user:$who]'
    expect(readers(read, 'home/kitchen/cam')).toEqual(['kitchen', 'socket'])
    expect(readers(read, `home/${attic}/cam`)).toEqual(['attic', 'socket'])
    expect(readers(read, 'home/ada/cam')).toEqual(['ada', 'socket'])
    expect(readers(read, 'home/anonymous/cam')).toEqual(['socket'])
    expect(readers(read, 'home/owner/cam')).toEqual(['socket'])
    expect(readers(read, 'by-peer/ada')).toEqual(['socket'])
    expect(readers(read, 'by-user/kitchen')).toEqual(['socket'])
    expect(readers(read, 'by-user/ada')).toEqual(['ada', 'socket'])
  })
})

describe('a decision', () => {
  it('is made by the most specific rule alone: what less specific ones say does not count', () => {
    const read = '"*": true\nsecret/*: false\nsecret/$who/open: true\nsecret/ada/open: [user:ada]'
    expect(readers(read, 'live/x')).toEqual(Object.keys(people))
    expect(readers(read, 'secret/x')).toEqual(['socket'])
    expect(readers(read, 'secret/x/open')).toEqual(Object.keys(people))
    expect(readers(read, 'secret/ada/open')).toEqual(['ada', 'socket'])
  })

  it('names its rule and the line, and none for the owner at the socket', () => {
    const set = rules('"*": true\nsecret/*: false')
    expect(set.decide(people.kitchen, { action: 'stream.read', target: 'secret/x' }, peers)).toMatchObject({
      allowed: false,
      rule: { line: 3, pattern: { text: 'secret/*' } },
    })
    expect(set.decide(socket, { action: 'stream.read', target: 'secret/x' }, peers)).toEqual({ allowed: true })
    expect(set.decide(token, { action: 'api.call', target: 'stop' }, peers)).toMatchObject({ allowed: false })
  })

  it('of an owner whose address is not known any more is that of an owner with one', () => {
    expect(rules('"*": false').decide({ kind: 'owner', id: 'owner', local: false }, { action: 'api.call', target: 'stop' }, peers).allowed).toBe(false)
  })

  it('about one action is none about another', () => {
    expect(rules('"*": true').decide(people.kitchen, { action: 'stream.publish', target: 'x' }, peers).allowed).toBe(false)
  })
})
