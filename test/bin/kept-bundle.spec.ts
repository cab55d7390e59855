import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

describe('the kept bundle of the commands', () => {
  const file = new URL('../../bin/kept-bundle.js', import.meta.url).href
  let keptBundle: (root: string) => string | undefined
  let root: string
  let bundle: string

  before(async () => {
    ;({ keptBundle } = (await import(file)) as { keptBundle: typeof keptBundle })
  })

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    bundle = join(root, 'node_modules', '.cache', 'lightflow', 'commands-1')
    for (const folder of [bundle, join(root, 'node_modules', 'esbuild'), join(root, 'cli')])
      await mkdir(folder, { recursive: true })
    await writeFile(join(root, 'cli', 'one.ts'), 'one')
    await keep({})
  })

  afterEach(() => rm(root, { recursive: true }))

  it('is that of the sources while none of them has changed', async () => {
    assert.equal(keptBundle(root), bundle)
  })

  it('is not believed when a source has other text, another time, or is gone', async () => {
    await writeFile(join(root, 'cli', 'one.ts'), 'other')
    assert.equal(keptBundle(root), undefined)
    await keep({})
    await utimes(join(root, 'cli', 'one.ts'), 1, 1)
    assert.equal(keptBundle(root), undefined)
    await keep({})
    await rm(join(root, 'cli', 'one.ts'))
    assert.equal(keptBundle(root), undefined)
  })

  it('is not believed when a command came', async () => {
    await writeFile(join(root, 'cli', 'two.ts'), 'two')
    assert.equal(keptBundle(root), undefined)
  })

  it('is not that of another Node.js, nor of another installation that shares its packages', async () => {
    await keep({ node: 'v1.2.3' })
    assert.equal(keptBundle(root), undefined)
    await keep({ of: '/elsewhere' })
    assert.equal(keptBundle(root), undefined)
  })

  it('is none when its folder is gone, its note is broken, or nothing is installed', async () => {
    await rm(bundle, { recursive: true })
    assert.equal(keptBundle(root), undefined)
    await writeFile(join(root, 'node_modules', '.cache', 'lightflow', 'commands.json'), '{"node":')
    assert.equal(keptBundle(root), undefined)
    await rm(join(root, 'node_modules'), { recursive: true })
    assert.equal(keptBundle(root), undefined)
  })

  async function keep(other: object): Promise<void> {
    const marks = await Promise.all(
      [join(root, 'cli'), join(root, 'cli', 'one.ts')].map(async path => {
        const { size, mtimeMs } = await stat(path)
        return [path, size, mtimeMs]
      }),
    )
    const kept = { node: process.version, of: root, folder: bundle, marks, ...other }
    await writeFile(join(root, 'node_modules', '.cache', 'lightflow', 'commands.json'), JSON.stringify(kept))
  }
})
