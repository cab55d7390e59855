import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openClient } from '../../../src/index.ts'
import { ROOT, runCommand } from '../support/run-command.ts'

describe('lf examples', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
  })

  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('list names each with its description', async () => {
    const { stdout } = await runCommand('examples:list', ['--json'])
    const { examples } = JSON.parse(stdout) as { examples: { name: string; description: string }[] }
    assert.ok(examples.some(({ name }) => name === 'phasid'))
    for (const { name, description } of examples) assert.ok(description.length > 10, name)
    const plain = await runCommand('examples:list', [])
    for (const { name } of examples) assert.match(plain.stdout, new RegExp(`^ {2}${name} `, 'm'))
  })

  it('copy makes the folder, and every copy can be started by its name', async function () {
    this.timeout(60_000)
    const target = join(folder, 'new', 'workflows')
    const { exitCode, stdout, stderr } = await runCommand('examples:copy', [target])
    assert.deepEqual([exitCode, stdout], [0, `${target}\n`])
    assert.match(stderr, /^\d+ examples copied\. Try one with:\nlf workflow start .*\.ts --wait\n$/)
    const client = await openClient({ home: folder, workflowFolders: [target] })
    const { workflows, broken } = await client.workflows()
    await client.close()
    assert.deepEqual(broken, [])
    const { examples } = JSON.parse((await runCommand('examples:list', ['--json'])).stdout)
    assert.deepEqual(
      workflows.map(({ name }) => name),
      examples.map(({ name }: { name: string }) => name),
    )
  })

  it('copy takes those that are named, whole, and no others', async () => {
    const { stdout } = await runCommand('examples:copy', [folder, 'phasid', '--json'])
    const { examples, files, overwritten } = JSON.parse(stdout)
    assert.deepEqual([examples, overwritten, await readdir(folder)], [['phasid'], [], ['phasid']])
    assert.ok(files.includes(join('phasid', 'phasid.ts')) && files.includes(join('phasid', 'README.md')))
    const wrong = await runCommand('examples:copy', [folder, 'phasit'])
    assert.equal(wrong.exitCode, 1)
    assert.match(wrong.stderr, /no example "phasit"[^]*Did you mean "phasid"/)
  })

  it('copy overwrites nothing that was changed unless it is told to, and then copies nothing at all', async () => {
    await runCommand('examples:copy', [folder, 'phasid'])
    const file = join(folder, 'phasid', 'phasid.ts')
    const original = await readFile(file, 'utf8')
    await writeFile(file, 'mine')
    await rm(join(folder, 'phasid', 'README.md'))
    const refused = await runCommand('examples:copy', [folder, 'phasid', '--json'])
    assert.equal(refused.exitCode, 1)
    assert.equal(JSON.parse(refused.stdout).error.code, 'LF_EXAMPLES_EXIST')
    assert.equal(await readFile(file, 'utf8'), 'mine')
    assert.ok(!(await readdir(join(folder, 'phasid'))).includes('README.md'))
    const forced = await runCommand('examples:copy', [folder, 'phasid', '--force', '--json'])
    assert.deepEqual(JSON.parse(forced.stdout).overwritten, [join('phasid', 'phasid.ts')])
    assert.equal(await readFile(file, 'utf8'), original)
  })

  it('are part of the package', async function () {
    this.timeout(60_000)
    const pack = ['pack', '--dry-run', '--json', '--ignore-scripts']
    const { stdout } = await promisify(execFile)('npm', pack, { cwd: ROOT, maxBuffer: 1 << 24 })
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
    const packed = new Set(files.map(({ path }) => path))
    const { examples } = JSON.parse((await runCommand('examples:list', ['--json'])).stdout)
    for (const { file } of examples as { file: string }[]) assert.ok(packed.has(file.slice(ROOT.length)), file)
  })
})
