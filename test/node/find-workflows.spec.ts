import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Client, openClient } from '../../src/index.ts'

const IMPORT = "import { Dag, FunctionTask } from 'lightflow'\n"
const GOOD = `/** Does nothing. */\n${IMPORT}export const main = new Dag('main').define([new FunctionTask('a', () => {})])\n`

describe('workflows that are found', () => {
  let root: string
  let client: Client
  const add = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), text)
  }

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lf-find-'))
    const workflowFolders = [join(root, 'one'), join(root, 'two'), join(root, 'nowhere')]
    client = await openClient({ home: join(root, 'home'), workflowFolders })
  })
  afterEach(async () => {
    await client.close()
    await rm(root, { recursive: true })
  })

  const names = async (): Promise<string[]> => (await client.workflows()).workflows.map(({ name }) => name)

  it('are known by the name of their file, in the order of names', async () => {
    for (const file of ['one/scan.ts', 'two/align.ts', 'one/zero.js', 'two/beam.mjs']) await add(file, GOOD)
    assert.deepEqual(await names(), ['align', 'beam', 'scan', 'zero'])
    assert.ok((await client.workflows()).workflows.every(({ description }) => description === 'Does nothing.'))
  })

  it('are files of the folders that import lightflow, and folders with a file of their own name', async () => {
    await add('one/scan.ts', GOOD)
    await add('one/helper.ts', 'export const half = (value: number): number => value / 2\n')
    await add('one/notes.md', IMPORT)
    await add('one/fit/fit.ts', GOOD)
    await add('one/fit/peak.ts', GOOD)
    assert.deepEqual(await names(), ['fit', 'scan'])
  })

  it('that cannot be loaded are told beside the others', async () => {
    await add('one/scan.ts', GOOD)
    await add(
      'one/cycle.ts',
      `${GOOD}const b = new FunctionTask('b', () => {})\nexport const ring = new Dag('ring').define([[b, b]])\n`,
    )
    await add('one/missing.ts', `import { x } from './nowhere.ts'\n${GOOD}console.log(x)\n`)
    await add('one/none.ts', `${IMPORT}export const task = new FunctionTask('a', () => {})\nexport const kind = Dag\n`)
    const { workflows, broken } = await client.workflows()
    assert.deepEqual(workflows.map(({ name }) => name), ['scan']) // oxfmt-ignore
    const codes = broken.map(({ file, error }) => `${file.split('/').at(-1)}: ${error.code}`)
    assert.deepEqual(codes, ['cycle.ts: LF_DAG_CYCLE', 'missing.ts: LF_WORKFLOW_IMPORT', 'none.ts: LF_NO_DAG'])
  })

  it('that are not there: the refusal names those that are', async () => {
    await add('one/scan.ts', GOOD)
    await assert.rejects(client.start('scna'), { code: 'LF_WORKFLOW_NOT_FOUND', hint: /scan/ })
  })

  it('may be named by their path instead', async () => {
    await add('elsewhere/other.ts', GOOD)
    const { workflow } = await client.start(join(root, 'elsewhere/other.ts'))
    assert.equal(workflow, 'other')
  })
})
