import assert from 'node:assert/strict'
import { chmod, chown, cp, mkdir, mkdtemp, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

describe('the kept bundle of the commands', () => {
  const file = new URL('../../bin/kept-bundle.js', import.meta.url).href
  let keptBundle: (root: string) => string | undefined
  let noteOf: (root: string) => string
  let root: string
  let bundle: string

  before(async () => {
    ;({ keptBundle, noteOf } = (await import(file)) as { keptBundle: typeof keptBundle; noteOf: typeof noteOf })
  })

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    bundle = join(root, 'node_modules', '.cache', 'lightflow', 'commands-1')
    for (const folder of [bundle, join(root, 'node_modules', 'esbuild'), join(root, 'cli')])
      await mkdir(folder, { recursive: true })
    await writeFile(join(root, 'cli', 'one.ts'), 'one')
    for (const name of ['main.js', 'plugins.json']) await writeFile(join(bundle, name), 'some')
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
    await writeFile(note(), '{"node":')
    assert.equal(keptBundle(root), undefined)
    await rm(join(root, 'node_modules'), { recursive: true })
    assert.equal(keptBundle(root), undefined)
  })

  it('stays when another installation that shares its packages notes its own', async () => {
    await keep({ of: '/elsewhere', folder: 'commands-2' }, '/elsewhere')
    assert.equal(keptBundle(root), bundle)
  })

  it('is not believed when a file of it is missing or cut short, or nothing says what is in it', async () => {
    await truncate(join(bundle, 'plugins.json'), 3)
    assert.equal(keptBundle(root), undefined)
    await rm(join(bundle, 'plugins.json'))
    assert.equal(keptBundle(root), undefined)
    await keep({ files: [] })
    assert.equal(keptBundle(root), undefined)
    await keep({ files: undefined })
    assert.equal(keptBundle(root), undefined)
  })

  it('is in the cache, whatever its note says', async () => {
    const elsewhere = join(root, 'elsewhere', 'commands-2')
    await cp(bundle, elsewhere, { recursive: true })
    await keep({ folder: elsewhere })
    assert.equal(keptBundle(root), undefined)
    await keep({ folder: '..' })
    assert.equal(keptBundle(root), undefined)
    await symlink(elsewhere, join(dirname(bundle), 'commands-2'))
    await keep({ folder: 'commands-2' })
    assert.equal(keptBundle(root), undefined)
    await keep({ folder: bundle })
    assert.equal(keptBundle(root), bundle)
  })

  it('is not believed when others may write it, or its note', async () => {
    await chmod(bundle, 0o757)
    assert.equal(keptBundle(root), undefined)
    await chmod(bundle, 0o755)
    await chmod(note(), 0o646)
    assert.equal(keptBundle(root), undefined)
    await chmod(note(), 0o644)
    assert.equal(keptBundle(root), bundle)
  })

  const asRoot = process.getuid?.() === 0 ? it : it.skip
  asRoot('is believed when it is of who installed the packages, and not of anybody else', async () => {
    await chown(bundle, 1234, 1234)
    assert.equal(keptBundle(root), undefined)
    await chown(join(root, 'node_modules'), 1234, 1234)
    assert.equal(keptBundle(root), bundle)
  })

  it('counts as used when it was not for long', async () => {
    await utimes(bundle, 1, 1)
    assert.equal(keptBundle(root), bundle)
    assert.ok((await stat(bundle)).mtimeMs > 1_000_000)
  })

  async function keep(other: object, of = root): Promise<void> {
    const marks = await Promise.all(
      [join(root, 'cli'), join(root, 'cli', 'one.ts')].map(async path => {
        const { size, mtimeMs } = await stat(path)
        return [path, size, mtimeMs]
      }),
    )
    const files = [
      ['main.js', 4],
      ['plugins.json', 4],
    ]
    const kept = { node: process.version, of: root, folder: 'commands-1', files, marks, ...other }
    await writeFile(note(of), JSON.stringify(kept))
  }

  function note(of = root): string {
    return join(root, 'node_modules', '.cache', 'lightflow', noteOf(of))
  }
})
