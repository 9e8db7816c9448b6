import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { languages, newProject, templates } from '../../../../src/cli/author/new-project.js'
import { readPluginManifest } from '../../../../src/daemon/portable/install/plugin-manifest.js'

describe('a new project', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-new-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  for (const language of languages) {
    for (const template of templates) {
      it(`in ${language}, ${template}, has a valid manifest, and no placeholder is left`, async () => {
        const name = `my-${language}-${template}`
        const project = await newProject({ name, language, template, folder: join(folder, name) })
        expect(project.files).toEqual(expect.arrayContaining(['.gitignore', 'README.md', 'shoal-plugin.json']))
        const manifest = readPluginManifest(readFileSync(join(project.folder, 'shoal-plugin.json')), { packaged: true })
        expect(manifest).toMatchObject({ name, version: '0.1.0' })
        const own = project.files.filter((file) => !/^(sdk|shoal_plugin)\//.test(file))
        const text = own.map((file) => readFileSync(join(project.folder, file), 'utf8')).join('\n')
        expect(text).not.toMatch(/my-plugin|ABOUT|SHOAL-FOLDER|THIS-PLATFORM/)
        expect(text).toContain(name)
        expect(project.files.filter((file) => /__pycache__|_test\.go$|node_modules/.test(file) && file !== 'main_test.go')).toEqual([])
      })
    }
  }

  it('refuses names that no plugin may have', async () => {
    for (const name of ['', 'Hello', '1st', 'a b', '../x', 'a'.repeat(41)]) {
      await expect(newProject({ name, language: 'ts', template: 'hello', folder: join(folder, 'bad') })).rejects.toMatchObject({ code: 'ERR_USAGE' })
    }
  })

  it('says where no folder can be made', async () => {
    for (const place of ['/proc/shoal', '/proc/shoal/deep/down', '/dev/null/x', join(folder, 'a'.repeat(300))])
      await expect(newProject({ name: 'x', language: 'ts', template: 'hello', folder: place })).rejects.toMatchObject({
        code: 'ERR_USAGE',
        message: expect.stringContaining('cannot be made'),
      })
    await expect(newProject({ name: 'x', language: 'ts', template: 'hello', folder: join(folder, 'b', 'c', 'd') })).resolves.toMatchObject({ name: 'x' })
  })

  it('overwrites nothing, and takes an empty folder', async () => {
    const full = join(folder, 'full')
    mkdirSync(full)
    writeFileSync(join(full, 'mine'), 'x')
    await expect(newProject({ name: 'x', language: 'ts', template: 'hello', folder: full })).rejects.toThrow(/not empty/)
    expect(readdirSync(full)).toEqual(['mine'])
    await expect(newProject({ name: 'x', language: 'ts', template: 'hello', folder: join(full, 'mine') })).rejects.toThrow(/cannot be made/)
    mkdirSync(join(folder, 'empty'))
    await expect(newProject({ name: 'x', language: 'ts', template: 'hello', folder: join(folder, 'empty') })).resolves.toMatchObject({ name: 'x' })
  })
})
