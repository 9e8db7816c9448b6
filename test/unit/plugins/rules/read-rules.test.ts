import { describe, expect, it } from 'vitest'
import { problemText, rulesInvalid } from '../../../../src/plugins/rules/problem.js'
import { readRules } from '../../../../src/plugins/rules/read-rules.js'

const rest = 'stream.publish: {"*": true}\npayload.send: {"*": true}\napi.call: {"*": true}\n'

/** A file whose first section is the given lines. */
const reading = (...lines: string[]): string => `stream.read:\n${lines.map((line) => `  ${line}\n`).join('')}${rest}`

const problems = (text: string): string[] => readRules(text, 'r.yaml').problems.map(problemText)

it('reads every form of a rule', () => {
  const { rules, problems: found } = readRules(
    reading(
      '"*": false',
      'live/*: true',
      'a: []',
      'b: [owner, peer:kitchen, user:ada, client:local]',
      "home/$who: [$who, 'peer:*']",
      'c: {allow: ["*"], deny: [peer:x]}',
    ),
    'r.yaml',
  )
  expect(found).toEqual([])
  const shown = rules?.rules.filter(({ action }) => action === 'stream.read').map(({ pattern, line, column, source }) => [pattern.text, line, column, source])
  expect(shown).toContainEqual(['*', 2, 3, '"*": false'])
  expect(shown).toContainEqual(['home/$who', 6, 3, "home/$who: [$who, 'peer:*']"])
  expect(shown).toHaveLength(6)
})

it('comments, a byte order mark and CRLF do no harm', () => {
  expect(problems(`\ufeff# who may what\r\n${reading('"*": true  # all').replaceAll('\n', '\r\n')}`)).toEqual([])
})

describe('a bad file', () => {
  const table: readonly (readonly [name: string, text: string, problem: string])[] = [
    ['empty', '', 'r.yaml:1:1: holds no rules'],
    ['only a comment', '# nothing\n', 'holds no rules'],
    ['null', 'null', 'holds no rules'],
    ['a list', '- a\n', 'r.yaml:1:1: must hold the sections'],
    ['a text', 'hello', 'r.yaml:1:1: must hold the sections'],
    ['no YAML', 'stream.read: {', 'r.yaml:1:15: '],
    ['tabs', `stream.read:\n\t"*": true\n${rest}`, 'r.yaml:2:1: tabs cannot indent'],
    ['two documents', `${reading('"*": true')}---\na: 1\n`, 'a second document starts here'],
    ['a control character', `stream.read:\n  "*": true\u0000`, 'r.yaml:2:12: holds a control character'],
    ['nested thousands deep', `stream.read: ${'['.repeat(20_000)}`, 'nested too deeply'],
    ['an unknown section', `${reading('"*": true')}stream.write: {"*": true}\n`, 'r.yaml:6:1: stream.write: is no section'],
    ['a mistyped section', reading('"*": true').replace('api.call', 'api.cal'), 'api.cal: is no section; did you mean api.call?'],
    ['a section in other letters', reading('"*": true').replace('payload.send', 'Payload.Send'), 'Payload.Send: is no section; did you mean payload.send?'],
    ['a section that is far from all', `${reading('"*": true')}zzz: {}\n`, 'sections are stream.read, stream.publish'],
    ['a section missing', reading('"*": true').replace(/api.call.*\n/, ''), 'api.call: is missing'],
    ['a section twice', `${reading('"*": true')}api.call: {"*": true}\n`, 'r.yaml:6:1: api.call: stands here for the second time'],
    ['an empty section', `stream.read:\n${rest}`, 'stream.read: must hold rules'],
    ['a section that is a list', `stream.read: ["*"]\n${rest}`, 'r.yaml:1:14: stream.read: must hold rules'],
    ['a section that is true', `stream.read: true\n${rest}`, 'stream.read: must hold rules'],
    ['a section without a star', reading('live/*: true'), 'r.yaml:1:1: stream.read: has no rule "*"'],
    ['a star without quotes as key', reading('*: true'), 'r.yaml:2:3: has a * without quotes'],
    ['a star without quotes as subject', reading('"*": [*]'), 'r.yaml:2:9: has a * without quotes'],
    ['a rule twice', reading('"*": true', 'a: true', 'a: false'), 'r.yaml:4:3: stream.read a: stands here for the second time'],
    ['a rule twice by other names', reading('"*": true', '$a/x: true', '$b/x: true'), 'r.yaml:4:3: stream.read $b/x: matches the same as $a/x in line 3'],
    ['a rule without a value', reading('"*":'), 'r.yaml:2:7: stream.read *: has no value'],
    ['yes', reading('"*": yes'), 'r.yaml:2:8: stream.read *: must be true, false, a list of subjects, or allow and deny with a list each; did you mean true?'],
    ['none', reading('"*": none'), 'did you mean false?'],
    ['a number', reading('"*": 1'), 'r.yaml:2:8: stream.read *: must be true, false, a list of subjects, or allow and deny with a list each, not 1'],
    ['a subject without its list', reading('"*": peer:kitchen'), 'did you mean [peer:kitchen]?'],
    ['an expression', reading('"*": user.id === "ada"'), 'must be true, false'],
    ['a function', reading('"*": "() => true"'), 'not "() => true"'],
    ['a tag', reading('"*": !!js/function "function(){}"'), 'neither is supported'],
    ['a tag of the core', reading('"*": !!bool true'), 'neither is supported'],
    ['an anchor', reading('"*": &all true'), 'neither is supported'],
    ['an alias', `stream.read: &a\n  "*": true\nstream.publish: *a\npayload.send: *a\napi.call: *a\n`, 'stream.publish: must hold rules'],
    ['a merge key', reading('"*": true', '<<: {a: true}'), 'merge keys are not supported'],
    ['allow alone in other letters', reading('"*": {Allow: ["*"]}'), '"Allow" is neither allow nor deny; did you mean allow?'],
    ['a third word', reading('"*": {allow: ["*"], maybe: [owner]}'), 'r.yaml:2:23: stream.read *: "maybe" is neither allow nor deny'],
    ['deny without allow', reading('"*": {deny: [peer:x]}'), 'does not say whom it lets; add allow: ["*"]'],
    ['allow that is true', reading('"*": {allow: true}'), 'stream.read * allow: must be a list of subjects'],
    ['allow twice', reading('"*": {allow: [owner], allow: []}'), 'stands here for the second time'],
    ['a subject that is a number', reading('"*": [7]'), 'r.yaml:2:9: stream.read *: must be text'],
    ['a blank behind the colon', reading('"*": [peer: kitchen]'), 'a subject has no blank behind its colon'],
    ['a subject that is empty', reading('"*": [""]'), '"" is no subject'],
    ['an unknown subject', reading('"*": [everyone]'), '"everyone" is no subject'],
    ['a mistyped subject', reading('"*": [ownr]'), '"ownr" is no subject; did you mean owner?'],
    ['a mistyped kind of subject', reading('"*": [per:kitchen]'), '"per:kitchen" is no subject; did you mean peer:kitchen?'],
    ['a peer without a name', reading('"*": ["peer:"]'), '"peer:" has no name behind the colon'],
    ['a peer with a star in its name', reading('"*": [peer:kit*]'), 'only peer:* and user:* stand for all'],
    ['a shortened id', reading('"*": [peer:12D3KooWabc…]'), 'is shortened; write the whole id'],
    ['a blank at the end of a name', reading('"*": ["user:ada "]'), 'a blank at an end'],
    ['a variable that is not there', reading('"*": [$name]'), '$name is no variable of this pattern; it has no variables'],
    [
      'a mistyped variable',
      reading('"*": true', 'home/$name: [$nam]'),
      'r.yaml:3:16: stream.read home/$name: $nam is no variable of this pattern; did you mean $name?',
    ],
    ['a list of lists', reading('"*": [[owner]]'), 'must be text'],
    ['a key that is a list', reading('"*": true', '? [a]', ': true'), 'r.yaml:'],
    ['a leading slash', reading('"*": true', '/live/*: true'), 'did you mean live/*?'],
    ['too many rules', reading('"*": true', ...Array.from({ length: 1001 }, (_, at) => `s${at}: true`)), 'has 1002 rules; 1000 are allowed'],
    ['too many subjects', reading(`"*": [${'owner, '.repeat(201)}]`), 'has 201 subjects; 200 are allowed'],
    ['too large', `${reading('"*": true')}# ${'x'.repeat(256 * 1024)}\n`, 'is larger than 256 KiB'],
  ]
  it.each(table)('with %s says where and what', (_, text, problem) => {
    const found = readRules(text, 'r.yaml')
    expect(found.rules).toBeUndefined()
    expect(found.problems.map(problemText).join('\n')).toContain(problem)
    for (const one of found.problems) expect([one.file, one.line > 0, one.column > 0, one.message !== '']).toEqual(['r.yaml', true, true, true])
  })

  it('lists a hundred problems at most', () => {
    expect(problems(reading(...Array.from({ length: 500 }, (_, at) => `s${at}: maybe`)))).toHaveLength(100)
  })
})

it('the error names the first problem and lists all', () => {
  const error = rulesInvalid(readRules(reading('a: maybe', 'b: maybe'), 'r.yaml').problems)
  expect(error).toMatchObject({ code: 'ERR_RULES_INVALID', exit: 2, message: expect.stringMatching(/^The rules are wrong: r.yaml:2:6: .*, and 2 more\.$/) })
  expect(error.data?.['problems']).toHaveLength(3)
})
