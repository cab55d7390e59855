/** The programs of the documentation run as they stand there. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openClient } from '../../src/index.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** The first program of a page. */
async function programIn(page: string): Promise<string> {
  const program = /```ts\n([^]*?)```/.exec(await readFile(join(ROOT, page), 'utf8'))?.[1]
  assert.ok(program, page)
  return program
}

describe('docs/authoring.md', () => {
  it('has a test of the workflow of the README that passes', async function () {
    this.timeout(30_000)
    const folder = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    try {
      const library = JSON.stringify(pathToFileURL(join(ROOT, 'src', 'index.ts')).href)
      const page = await readFile(join(ROOT, 'docs', 'authoring.md'), 'utf8')
      const program = /```ts\n(import assert [^]*?)```/.exec(page)?.[1]
      assert.ok(program)
      await writeFile(join(folder, 'branching.ts'), (await programIn('README.md')).replace("'lightflow'", library))
      await writeFile(join(folder, 'program.mts'), program.replace("'lightflow'", library))
      const child = spawn(process.execPath, ['program.mts'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
      let errors = ''
      child.stderr.on('data', chunk => (errors += String(chunk)))
      const [code] = await once(child, 'close')
      assert.equal(code, 0, errors)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('docs/library.md', function () {
  this.timeout(60_000)
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
  })

  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('has a program that runs the workflow of the README, tells its events and ends by itself', async () => {
    await mkdir(join(folder, 'workflows'))
    await writeFile(join(folder, 'workflows', 'branching.ts'), await programIn('README.md'))
    const library = pathToFileURL(join(ROOT, 'src', 'index.ts')).href
    const program = (await programIn('docs/library.md')).replace("'lightflow'", JSON.stringify(library))
    await writeFile(join(folder, 'program.mts'), program)
    const env = { ...process.env, LF_HOME: join(folder, 'home'), LF_LEDGER: undefined, NO_COLOR: '1' }
    const child = spawn(process.execPath, ['program.mts'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', chunk => (output += String(chunk)))
    const [code] = await once(child, 'close')
    const lines = output.split('\n')
    assert.equal(code, 0, output)
    assert.equal(lines[0], 'peer library alive')
    assert.deepEqual([lines[1], lines.find(line => line.startsWith('run-ended'))], ['run-submitted ', 'run-ended '])
    const succeeded = lines.filter(line => line.startsWith('task-succeeded')).map(line => line.split(' ')[1])
    assert.deepEqual(new Set(succeeded), new Set(['branch', 'double', 'join', 'put', 'square']))
    assert.ok(lines.includes('task-skipped never'), output)
    assert.ok(lines.includes('succeeded 5 done'), output)
    assert.ok(lines.includes('join wrote double 14') && lines.includes('join wrote square 49'), output)
    assert.ok(
      lines.some(line => line.startsWith('result join')),
      output,
    )
  })

  it('promises that the events of a run that has ended are told, and end', async () => {
    await writeFile(
      join(folder, 'nothing.ts'),
      `import { Dag, FunctionTask } from 'lightflow'
const a = new FunctionTask('a', () => {})
export const main = new Dag('main').define([a])
`,
    )
    const client = await openClient({ home: folder })
    try {
      const { run } = await client.start(join(folder, 'nothing.ts'))
      await client.stop(run)
      const events: string[] = []
      for await (const { event } of client.events({ run })) events.push(event)
      assert.deepEqual([events[0], events.at(-1)], ['run-submitted', 'run-ended'])
      const stopped = new AbortController()
      stopped.abort()
      for await (const _ of client.events({ signal: stopped.signal })) assert.fail('it was told to end')
      await assert.rejects(
        (async () => {
          for await (const _ of client.events({ run: 'nothing' })) assert.fail('there is no such run')
        })(),
        { code: 'LF_UNKNOWN_RUN' },
      )
    } finally {
      await client.close()
    }
  })
})
