import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { compile } from '../../src/bundle/compile.ts'
import { KeptBundles, SETTLED_AFTER_MS } from '../../src/bundle/kept-bundles.ts'

describe('kept bundles', () => {
  let folder: string
  /** What the clock shows, ahead of the real time. */
  let aheadMs: number
  let made: number
  let kept: KeptBundles

  beforeEach(async () => {
    // Below a folder of its own, so that configurations can be put above the workflow.
    folder = join(await mkdtemp(join(tmpdir(), 'lightflow-kept-')), 'workflows')
    aheadMs = 2 * SETTLED_AFTER_MS
    made = 0
    kept = new KeptBundles({ wallMs: () => Date.now() + aheadMs })
    await write({
      'scan.ts':
        "import { Dag } from 'lightflow'\nimport 'node:fs'\nimport { size } from './lib/size.ts'\nexport { size, Dag }",
      'lib/size.ts': 'export const size = 1',
    })
  })

  afterEach(() => rm(dirname(folder), { recursive: true }))

  async function write(files: Record<string, string>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), text)
    }
  }

  async function bundle(name = 'scan.ts', afterMade = async () => {}): Promise<string> {
    const { code } = await kept.of(join(folder, name), async () => {
      const { code, sources } = await compile(join(folder, name))
      made += 1
      await afterMade()
      return { bundle: { name, description: '', code, hash: `${made}` }, sources }
    })
    return Buffer.from(code).toString()
  }

  async function bundleTwice(name?: string): Promise<void> {
    await bundle(name)
    await bundle(name)
    made = 0
  }

  /** How often it is made when it is asked for once more. */
  async function madeAgain(name?: string): Promise<number> {
    await bundle(name)
    return made
  }

  it('are given again when nothing has changed since they were made for the second time', async () => {
    const text = await bundle()
    await bundle()
    assert.equal(made, 2)
    assert.equal(await bundle(), text)
    assert.equal(await bundle(), text)
    assert.equal(made, 2)
  })

  describe('are made anew when', () => {
    beforeEach(() => bundleTwice())

    it('something that the workflow imports has changed, also to the same size and time', async () => {
      const setBack = () => utimes(join(folder, 'lib/size.ts'), 1000, 1000)
      await setBack()
      await bundleTwice()
      assert.equal(await madeAgain(), 0)
      await write({ 'lib/size.ts': 'export const size = 2' })
      await setBack()
      assert.match(await bundle(), /size = 2/)
    })

    it('the workflow itself has changed', async () => {
      await write({ 'scan.ts': 'export const other = 3' })
      assert.match(await bundle(), /other = 3/)
    })

    it('another file has the name of one', async () => {
      await write({ 'new.ts': 'export const size = 4' })
      await rename(join(folder, 'new.ts'), join(folder, 'lib/size.ts'))
      assert.match(await bundle(), /size = 4/)
    })

    for (const config of ['package.json', 'tsconfig.json', 'jsconfig.json']) {
      it(`there is a ${config} in a folder above something`, async () => {
        await write({ [`lib/${config}`]: '{}' })
        assert.equal(await madeAgain(), 1)
        await bundle()
        await write({ [`../${config}`]: '{}' })
        made = 0
        assert.equal(await madeAgain(), 1)
      })
    }

    it('a configuration has changed', async () => {
      await write({ 'tsconfig.json': '{ "compilerOptions": { "strict": false } }' })
      await bundleTwice()
      assert.equal(await madeAgain(), 0)
      await write({ 'tsconfig.json': '{ "compilerOptions": { "strict": true } }' })
      assert.equal(await madeAgain(), 1)
    })

    it('a folder is moved and linked back, so that other configurations are above it', async () => {
      await rename(join(folder, 'lib'), join(folder, '../lib'))
      await symlink('../lib', join(folder, 'lib'))
      assert.equal(await madeAgain(), 1)
    })

    it('a file is gone', async () => {
      await rm(join(folder, 'lib/size.ts'))
      await assert.rejects(bundle(), { code: 'LF_WORKFLOW_IMPORT' })
    })
  })

  describe('are not kept when', () => {
    it('a file was written so shortly before that it could be written again and look the same', async () => {
      aheadMs = 0
      await bundleTwice()
      assert.equal(await madeAgain(), 1)
    })

    it('something has changed while they were made', async () => {
      await bundle()
      await bundle('scan.ts', () => write({ 'lib/size.ts': 'export const size = 5' }))
      assert.match(await bundle(), /size = 5/)
    })

    const unproven: Record<string, Record<string, string>> = {
      'a package is imported': {
        'scan.ts': "import 'pkg'",
        'node_modules/pkg/package.json': '{ "name": "pkg", "main": "index.js" }',
        'node_modules/pkg/index.js': 'globalThis.one = 1',
      },
      'an ending is left out': { 'scan.ts': "export * from './lib/size'" },
      'a folder is imported': { 'scan.ts': "export * from './lib'", 'lib/index.ts': 'export {}' },
      'files are imported by a pattern': {
        'scan.ts': 'export const load = (name: string) => import(`./lib/${name}.ts`)',
      },
      'files are imported by a pattern that none has yet': {
        'scan.ts': 'export const load = (name: string) => import(`./plugins/${name}.ts`)',
        'plugins/read.me': '',
      },
      'a query is in the name': { 'scan.ts': "export * from './lib/size.ts?v=1'" },
      'a fragment is in the name': { 'scan.ts': "export * from './lib/size.ts#one'" },
      'code has a map of its lines in another file': {
        'scan.ts': "export * from './lib/small.js'",
        'lib/small.js': 'export const one = 1\n//# sourceMappingURL=small.js.map',
        'lib/small.js.map': '{ "version": 3, "sources": ["small.ts"], "names": [], "mappings": "AAAA" }',
      },
      'a configuration cannot be looked at': { 'tsconfig.json/readme': 'a folder' },
      'modules are required': { 'scan.ts': "export const size = require('./lib/size.ts')" },
      'a configuration extends another': {
        'tsconfig.json': '{ "extends": "./base.json" }',
        'base.json': '{ "compilerOptions": { "strict": false } }',
      },
      'a configuration may hide what it does': {
        'tsconfig.json': '{ "\\u0065xtends": "./base.json" }',
        'base.json': '{}',
      },
    }
    for (const [what, files] of Object.entries(unproven)) {
      it(what, async () => {
        await write(files)
        await bundleTwice()
        assert.equal(await madeAgain(), 1)
      })
    }

    it('a file is a symbolic link, which may come to lead elsewhere', async () => {
      await rename(join(folder, 'lib/size.ts'), join(folder, 'one.ts'))
      await symlink(join(folder, 'one.ts'), join(folder, 'lib/size.ts'))
      await symlink(join(folder, 'one.ts'), join(folder, 'link.ts'))
      for (const name of ['scan.ts', 'link.ts']) {
        await bundleTwice(name)
        assert.equal(await madeAgain(name), 1)
      }
    })

    it('there are more than a few: the one that was not asked for the longest is forgotten', async () => {
      const names = Array.from({ length: 8 }, (_, index) => `small-${index}.ts`)
      await write(Object.fromEntries(names.map(name => [name, 'export {}'])))
      await bundleTwice()
      for (const name of names.slice(1)) await bundleTwice(name)
      assert.equal(await madeAgain(), 0)
      await bundleTwice(names[0])
      assert.equal(await madeAgain(), 0)
      assert.equal(await madeAgain(names[1]), 1)
    })

    it('they are large', async () => {
      await write({ 'scan.ts': `export const text = '${'x'.repeat(300_000)}'` })
      await bundleTwice()
      assert.equal(await madeAgain(), 1)
    })
  })
})
