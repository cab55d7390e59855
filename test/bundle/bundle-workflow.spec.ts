import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { bundleWorkflow } from '../../src/bundle/bundle-workflow.ts'

const BUNDLE_MODULE = new URL('../../src/bundle/bundle-workflow.ts', import.meta.url).href

describe('bundleWorkflow', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lightflow-bundle-'))
  })

  afterEach(() => rm(folder, { recursive: true }))

  async function write(files: Record<string, string>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), text)
    }
  }

  const bundle = (name = 'scan.ts') => bundleWorkflow(join(folder, name))
  const textOf = ({ code }: { code: Uint8Array }) => Buffer.from(code).toString()

  it('makes one module of a file and all that it imports', async () => {
    await write({
      'scan.ts': `/** Scans samples. */
        import { Dag } from 'lightflow'
        import { readFile } from 'node:fs/promises'
        import { Phase } from './lib/phase.ts'
        import table from './table.json' with { type: 'json' }
        export const main = new Dag(Phase[table.first]), read = readFile`,
      'lib/phase.ts': 'export enum Phase { alpha, beta }',
      'table.json': '{ "first": 1 }',
    })
    const result = await bundle()
    assert.deepEqual([result.name, result.description], ['scan', 'Scans samples.'])
    assert.equal(result.hash, createHash('sha256').update(result.code).digest('hex'))
    const imports = Array.from(textOf(result).matchAll(/^import .* from ['"](.*)['"];?$/gm), match => match[1])
    assert.deepEqual(new Set(imports), new Set(['lightflow', 'node:fs/promises']))
  })

  it('takes JavaScript as it is', async () => {
    await write({ 'a.js': 'export const a = 1', 'b.mjs': 'export const b = 2' })
    assert.match(textOf(await bundle('a.js')), /a = 1/)
    assert.equal((await bundle('b.mjs')).name, 'b')
  })

  it('gives the same hash for the same sources in another folder, from anywhere, and another for others', async () => {
    await write({
      'one/scan.ts': "import c from './lib/c.cjs'\nimport { x } from 'pkg'\nexport const main: number = c.c + x",
      'one/lib/c.cjs': "exports.c = require('node:path').sep.length",
      'one/node_modules/pkg/package.json': '{ "name": "pkg", "main": "index.js" }',
      'one/node_modules/pkg/index.js': 'exports.x = 1',
    })
    await cp(join(folder, 'one'), join(folder, 'deep/er/two'), { recursive: true })
    await symlink(join(folder, 'one'), join(folder, 'link'))
    const { hash } = await bundle('one/scan.ts')
    assert.equal((await bundle('one/scan.ts')).hash, hash)
    assert.equal((await bundle('deep/er/two/scan.ts')).hash, hash)
    assert.equal((await bundle('link/scan.ts')).hash, hash)
    const elsewhere = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { bundleWorkflow } from ${JSON.stringify(BUNDLE_MODULE)}
         process.stdout.write((await bundleWorkflow('two/scan.ts')).hash)`,
      ],
      { cwd: join(folder, 'deep/er'), encoding: 'utf8' },
    )
    assert.equal(elsewhere.stdout, hash, elsewhere.stderr)
    await write({ 'one/lib/c.cjs': 'exports.c = 2' })
    assert.notEqual((await bundle('one/scan.ts')).hash, hash)
  })

  it('tells nothing of the folder that it was made in', async () => {
    await write({ 'scan.ts': "import './other.ts'\nexport const main = import.meta.url", 'other.ts': 'export {}' })
    const text = textOf(await bundle())
    const map = Buffer.from(text.split('base64,')[1] ?? '', 'base64').toString()
    assert.match(map, /"scan\.ts"/)
    assert.ok(!(text + map).includes(folder))
  })

  describe('refuses', () => {
    it('a file that is not there, a folder, another kind of file and a name that is none', async () => {
      await write({ 'notes.txt': 'x', 'folder.ts/x': '', ' scan.ts': '' })
      await assert.rejects(bundle('gone.ts'), { code: 'LF_WORKFLOW_NOT_FOUND', message: /gone\.ts/ })
      await assert.rejects(bundle('notes.txt/scan.ts'), { code: 'LF_WORKFLOW_NOT_FOUND' })
      await assert.rejects(bundle('folder.ts'), { code: 'LF_WORKFLOW_FILE', message: /not a file/ })
      await assert.rejects(bundle('notes.txt'), { code: 'LF_WORKFLOW_FILE', hint: /\.ts, \.mts/ })
      await assert.rejects(bundle(' scan.ts'), { code: 'LF_NAME' })
    })

    it('a file that may not be read', async function () {
      if (process.getuid?.() === 0) this.skip()
      await write({ 'scan.ts': '' })
      await chmod(join(folder, 'scan.ts'), 0)
      await assert.rejects(bundle(), { code: 'LF_WORKFLOW_FILE', message: /EACCES/ })
    })

    it('what does not compile, by file, line and column and with the line', async () => {
      await write({ 'scan.ts': "import './lib/bad.ts'", 'lib/bad.ts': 'const x = 1\n  const y = = 2\n' })
      const error = await failure(bundle())
      assert.equal(error.code, 'LF_WORKFLOW_COMPILE')
      assert.match(error.message, /lib\/bad\.ts:2:13: Unexpected "="/)
      assert.match(error.message, /\n {2}2 \| {3}const y = = 2\n {18}\^$/)
      assert.deepEqual(error.facts, { file: 'lib/bad.ts', line: 2, column: 13 })
    })

    it('a package that is not installed, with the command that installs it', async () => {
      for (const [specifier, hint] of Object.entries({
        'no-such-package': /npm install no-such-package$/,
        'no-such-package/part.js': /npm install no-such-package$/,
        '@no-such/package/part.js': /npm install @no-such\/package$/,
        './gone.ts': /path/,
        'node:gone': /Node\.js has no such module/,
      })) {
        await write({ 'scan.ts': `\nimport x from '${specifier}'\nexport const main = x` })
        const error = await failure(bundle())
        assert.equal(error.code, 'LF_WORKFLOW_IMPORT', specifier)
        assert.ok(error.message.includes(`"${specifier}"`) && error.message.includes('scan.ts:2:15'), error.message)
        assert.match(error.hint, hint)
      }
    })

    it('something that an imported file does not export', async () => {
      await write({ 'scan.ts': "import { gone } from './other.ts'\nexport const x = gone", 'other.ts': 'export {}' })
      await assert.rejects(bundle(), {
        code: 'LF_WORKFLOW_COMPILE',
        message: /scan\.ts:1:10: No matching export.*"gone"/,
      })
    })

    it('files that cannot be part of a module', async () => {
      await write({ 'scan.ts': "import './addon.node'", 'addon.node': 'x' })
      await assert.rejects(bundle(), { code: 'LF_WORKFLOW_COMPILE', hint: /at run time/ })
    })

    it('more code than the ledger keeps', async () => {
      await write({ 'scan.ts': "import x from './big.json'\nexport { x }", 'big.json': `"${'x'.repeat(1000)}"` })
      const error = await failure(bundleWorkflow(join(folder, 'scan.ts'), { maxBytes: 1000 }))
      assert.equal(error.code, 'LF_WORKFLOW_TOO_LARGE')
      assert.match(error.message, /scan\.ts.*limit 1000/)
    })
  })

  it('makes bundles at the same time, also when one fails', async () => {
    await write({ 'scan.ts': 'export const main = 1', 'bad.ts': 'const' })
    const outcomes = await Promise.allSettled([bundle(), bundle('bad.ts'), bundle(), bundle()])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    )
  })
})

interface Failure {
  code: string
  message: string
  hint: string
  facts: unknown
}

async function failure(bundling: Promise<unknown>): Promise<Failure> {
  const [outcome] = await Promise.allSettled([bundling])
  assert.ok(outcome.status === 'rejected', 'it was not refused')
  return outcome.reason as Failure
}
