import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { generateSeries } from '../../examples/phasid/generator/generate-series.ts'
import { RealMesh } from '../support/real-mesh.ts'
import { runLf } from '../support/run-lf.ts'

const PHASID = resolve('examples/phasid/phasid.ts')
const HEAD = `import { Dag, FunctionTask, Option, Parameters } from 'lightflow'\nconst run = () => {}\n`

/** What a command line must answer to input that is wrong: a code, a sentence, what to do; and nothing submitted. */
describe('bad input', function () {
  this.timeout(120_000)
  let home: string

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
  })

  after(() => rm(home, { recursive: true, force: true }))

  const write = async (name: string, text: string) => {
    const file = join(home, name)
    await writeFile(file, text)
    return file
  }

  const cases: { what: string; args: () => Promise<string[]>; code: string; exit: number; says: RegExp }[] = [
    {
      what: 'a cyclic DAG',
      args: async () => [
        await write(
          'cyclic.ts',
          `${HEAD}const a = new FunctionTask('a', run), b = new FunctionTask('b', run)\nexport const main = new Dag('main')\nmain.define([[a, b], [b, a]])\n`,
        ),
      ],
      code: 'LF_DAG_CYCLE',
      exit: 1,
      says: /a -> b -> a|b -> a -> b/,
    },
    {
      what: 'two tasks of one name',
      args: async () => [
        await write(
          'twins.ts',
          `${HEAD}export const main = new Dag('main')\nmain.define([[new FunctionTask('a', run), new FunctionTask('a', run)]])\n`,
        ),
      ],
      code: 'LF_DUPLICATE_TASK',
      exit: 1,
      says: /"a"/,
    },
    {
      what: 'a task that is not there',
      args: async () => [
        await write(
          'unknown.ts',
          `${HEAD}const tasks: { b?: FunctionTask } = {}\nexport const main = new Dag('main')\nmain.define([[new FunctionTask('a', run), tasks.b as FunctionTask]])\n`,
        ),
      ],
      code: 'LF_DAG_SCHEMA',
      exit: 1,
      says: /undefined/,
    },
    { what: 'a missing option', args: async () => [PHASID], code: 'LF_ARGUMENT_MISSING', exit: 1, says: /folder/ },
    {
      what: 'a value of the wrong type',
      args: async () => [PHASID, `folder=${home}`, 'qmin=low'],
      code: 'LF_ARGUMENT_TYPE',
      exit: 1,
      says: /"qmin"/,
    },
    {
      what: 'a misspelt option',
      args: async () => [PHASID, `folder=${home}`, 'qmn=0.1'],
      code: 'LF_ARGUMENT_UNKNOWN',
      exit: 1,
      says: /qmin/,
    },
    {
      what: 'an unknown workflow',
      args: async () => ['phasit'],
      code: 'LF_WORKFLOW_NOT_FOUND',
      exit: 1,
      says: /phasid/,
    },
    {
      what: 'a file that is not there',
      args: async () => [join(home, 'nothing.ts')],
      code: 'LF_WORKFLOW_NOT_FOUND',
      exit: 1,
      says: /nothing\.ts/,
    },
    {
      what: 'a file that does not compile',
      args: async () => [await write('broken.ts', `${HEAD}export const main = new Dag('main'\n`)],
      code: 'LF_WORKFLOW_COMPILE',
      exit: 1,
      says: /broken\.ts:\d+:\d+/,
    },
    {
      what: 'a missing import',
      args: async () => [await write('imports.ts', `import x from 'no-such-package'\n${HEAD}console.log(x)\n`)],
      code: 'LF_WORKFLOW_IMPORT',
      exit: 1,
      says: /no-such-package/,
    },
    {
      what: 'a file without a DAG',
      args: async () => [
        await write('empty.ts', `${HEAD}const main = new Dag('main')\nmain.define([new FunctionTask('a', run)])\n`),
      ],
      code: 'LF_NO_DAG',
      exit: 1,
      says: /export/,
    },
  ]

  for (const { what, args, code, exit, says } of cases) {
    it(`${what} is refused with what to do, and nothing is submitted`, async () => {
      const words = ['workflow', 'start', ...(await args())]
      const json = await runLf([...words, '--json'], { home, cwd: resolve('.') })
      const { error } = JSON.parse(json.stdout) as { error: { code: string; message: string; hint: string } }
      assert.equal(error.code, code, json.stdout)
      assert.match(`${error.message} ${error.hint}`, says)
      assert.equal(json.code, exit)
      const human = await runLf(words, { home, cwd: resolve('.') })
      assert.equal(human.code, exit)
      assert.equal(human.stdout, '', 'stdout is for data')
      assert.match(human.stderr, says)
      assert.doesNotMatch(human.stderr, /\n\s+at /, 'no stack of ours')
      await assert.rejects(stat(join(home, 'ledger.sqlite')), { code: 'ENOENT' }, 'no ledger was made for it')
    })
  }

  it('a wrong flag is a usage error', async () => {
    const { code, stderr } = await runLf(['node', '--capacty', '2'], { home })
    assert.equal(code, 2)
    assert.match(stderr, /capacty/)
  })

  it('a ledger path that cannot be written is named, with what to do', async () => {
    await write('a-file', '')
    const place = join(home, 'a-file', 'ledger.sqlite')
    for (const words of [['node'], ['workflow', 'start', PHASID, `folder=${home}`]]) {
      const { code, stdout } = await runLf([...words, '--json', '--ledger', `sqlite:${place}`], { home })
      const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } }
      assert.equal(error.code, 'LF_LEDGER_PATH')
      assert.match(error.message, /a-file/)
      assert.notEqual(error.hint, '')
      assert.equal(code, 1)
    }
  })

  it('a ledger that is not one is named', async () => {
    const file = await write(
      'notes.txt',
      'no database, but long enough to be taken for the head of one, if one does not look\n'.repeat(40),
    )
    const { code, stdout } = await runLf(['mesh', 'status', '--json', '--ledger', `sqlite:${file}`], { home })
    const { error } = JSON.parse(stdout) as { error: { code: string } }
    assert.equal(error.code, 'LF_LEDGER_CORRUPT')
    assert.equal(code, 1)
    assert.match(await readFile(file, 'utf8'), /^no database/, 'it is left as it was')
  })

  it('looking where nothing is yet says how to begin', async () => {
    const { code, stderr } = await runLf(['mesh', 'status'], { home: join(home, 'fresh') })
    assert.equal(code, 1)
    assert.match(stderr, /lf node/)
  })

  describe('on a live mesh', () => {
    let mesh: RealMesh

    before(async () => {
      mesh = await RealMesh.start(['alpha'])
    })

    after(() => mesh?.close())

    it('an empty folder fails the run with what to do', async () => {
      const folder = join(mesh.home, 'empty')
      await mkdir(folder)
      const { code, stdout } = await runLf(
        ['workflow', 'start', PHASID, `folder=${folder}`, 'unit=1/A', '--wait', '--json'],
        mesh,
      )
      assert.equal(code, 1)
      const run = JSON.parse(stdout) as { run: string; state: string }
      assert.equal(run.state, 'failed')
      const details = await mesh.client.show(run.run)
      assert.match(details.error?.message ?? '', /empty/)
      const human = await runLf(['workflow', 'show', run.run], mesh)
      assert.match(human.stdout, /\.dat|\.pdh/, 'says what files it looks for')
    })

    it('an unreadable folder fails the run and names the folder', async () => {
      const folder = join(mesh.home, 'no-such-folder')
      const { code, stderr } = await runLf(
        ['workflow', 'start', PHASID, `folder=${folder}`, 'unit=1/A', '--wait'],
        mesh,
      )
      assert.equal(code, 1)
      assert.match(stderr, /no-such-folder/)
    })

    it('a profile full of garbage is a row of the results, not the end of the run', async () => {
      const folder = join(mesh.home, 'mixed')
      const truth = await generateSeries({ folder, count: 4, seed: 3, badFiles: 3 })
      await writeFile(
        join(folder, 'zz_garbage.dat'),
        Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 197) % 256)),
      )
      const output = join(mesh.home, 'mixed-results')
      const { code } = await runLf(
        ['workflow', 'start', PHASID, `folder=${folder}`, 'unit=1/A', `output=${output}`, '--wait'],
        mesh,
      )
      assert.equal(code, 0)
      const { rows } = JSON.parse(await readFile(join(output, 'results.json'), 'utf8')) as {
        rows: { file: string; state: string; reason?: string }[]
      }
      assert.equal(rows.length, truth.length + 1)
      const bad = rows.filter(({ state }) => state === 'error')
      assert.equal(bad.length, 4)
      for (const { reason } of bad) assert.ok(reason, 'each says why')
    })

    it('an unknown run is answered with the most similar one', async () => {
      const [known] = await mesh.client.runs()
      const typo = `${known?.run.slice(0, -1)}0`
      const { code, stderr } = await runLf(['workflow', 'show', typo], mesh)
      assert.equal(code, 1)
      assert.match(stderr, new RegExp(String(known?.run)))
    })

    it('a name that a live peer has is refused', async () => {
      const { code, stdout } = await runLf(['node', '--name', 'alpha', '--no-mdns', '--json'], mesh)
      assert.equal(code, 1)
      assert.match(stdout, /LF_PEER_ALREADY_RUNNING/)
    })
  })

  it('a home that cannot be written is named', async () => {
    // Nobody can make folders there, not even root.
    const { stderr, code } = await runLf(['node'], { home: '/proc/lightflow' })
    assert.equal(code, 1)
    assert.match(stderr, /\/proc\/lightflow/)
    assert.doesNotMatch(stderr, /\n\s+at /)
  })
})
