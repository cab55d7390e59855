import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface CommandList {
  isCommandListFresh(root: string): boolean
  keepCommandList(root: string, manifest: unknown, loadedMs: number): void
}

describe('the kept list of commands', () => {
  const file = new URL('../../bin/command-list.js', import.meta.url).href
  let root: string
  let list: CommandList

  before(async () => {
    list = (await import(file)) as CommandList
  })

  /** A checkout whose commands were last changed at second 100. */
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    await mkdir(join(root, 'cli', 'commands'), { recursive: true })
    for (const name of ['package.json', 'cli/commands/one.ts']) await writeFile(join(root, name), '{}')
    for (const name of ['package.json', 'cli/commands/one.ts', 'cli/commands', 'cli']) await touch(name, 100)
  })

  afterEach(() => rm(root, { recursive: true }))

  const touch = (name: string, seconds: number) => utimes(join(root, name), seconds, seconds)
  const keepAt = (seconds: number) => list.keepCommandList(root, { commands: {} }, seconds * 1000)

  it('is believed while nothing that it tells of is newer', () => {
    assert.equal(list.isCommandListFresh(root), false)
    keepAt(101)
    assert.equal(list.isCommandListFresh(root), true)
  })

  it('is not believed when a command changed, came, went or may have changed while it was read', async () => {
    keepAt(100)
    assert.equal(list.isCommandListFresh(root), false, 'at the same moment')
    for (const name of ['cli/commands/one.ts', 'cli/commands', 'package.json']) {
      keepAt(101)
      await touch(name, 102)
      assert.equal(list.isCommandListFresh(root), false, name)
      await touch(name, 100)
    }
  })

  it('is not believed beside one of a package, which speaks of other files', async () => {
    keepAt(101)
    await writeFile(join(root, 'oclif.manifest.json'), '{}')
    assert.equal(list.isCommandListFresh(root), false)
  })

  it('is not kept where the checkout cannot be written, and leaves nothing behind', async () => {
    await mkdir(join(root, '.oclif.manifest.json'))
    keepAt(101)
    assert.deepEqual((await readdir(root)).toSorted(), ['.oclif.manifest.json', 'cli', 'package.json'])
  })
})
