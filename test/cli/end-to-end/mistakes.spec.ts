/**
 * The mistakes that a new author makes most: what `lf workflow start --wait` says to each. The first sentence tells what is wrong, then
 * comes where it is, then what to do.
 */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.ts'
import { RealMesh } from '../../support/real-mesh.ts'
import { endAll, lf, spawnLf } from '../support/spawn-lf.ts'

interface Mistake {
  name: string
  /** Below the import of lightflow: its first line is the second of the file. */
  source: string
  imports?: string
  args?: string[]
  code: string
  /** What stands on the terminal, blanks and line breaks as one blank. */
  says: string[]
}

const RUN = 'const nothing = () => {}'
const MAIN = "export const main = new Dag('main').define([a])"

const REFUSED: Mistake[] = [
  {
    name: 'export forgotten',
    source: `const a = new FunctionTask('a', () => {})\nconst main = new Dag('main')\nmain.define([a])`,
    code: 'LF_NO_DAG',
    says: [
      'The workflow "mistake" makes the DAG "main" and does not export it (mistake.ts:3).',
      'What to do: Write export in front of it: export const main = new Dag(…).',
    ],
  },
  {
    name: 'a cycle',
    source: `${RUN}
const a = new FunctionTask('a', nothing), b = new FunctionTask('b', nothing)
export const main = new Dag('main')
main.define([[a, b], [b, a]])`,
    code: 'LF_DAG_CYCLE',
    says: ['The DAG "main" runs in a circle: ', ' -> ', '(mistake.ts:5:6).', 'Remove one of these edges.'],
  },
  {
    name: 'a misspelt option of the workflow',
    imports: 'Dag, FunctionTask, Option, Parameters',
    source: `export const options = new Parameters([new Option('threshold', { type: 'float', default: 0.5 })])
const a = new FunctionTask('a', () => {})\n${MAIN}`,
    args: ['treshold=0.3'],
    code: 'LF_ARGUMENT_UNKNOWN',
    says: ['The workflow has no option "treshold".', 'Did you mean "threshold"?'],
  },
  {
    name: 'a misspelt option of a task',
    source: `const a = new FunctionTask('a', () => {}, { retry: 3 } as object)\n${MAIN}`,
    code: 'LF_TASK_OPTIONS',
    says: ['The task "a" has no option "retry" (mistake.ts:2:11).', 'Did you mean "retries"?'],
  },
  {
    name: 'an import from lightflow that is missing',
    imports: 'Dag',
    source: `const a = new FunctionTask('a', () => {})\n${MAIN}`,
    code: 'LF_WORKFLOW_LOAD',
    says: [
      'The workflow "mistake" uses FunctionTask, which is neither defined nor imported (mistake.ts:2:11)',
      "Import it: import { FunctionTask } from 'lightflow'.",
    ],
  },
  {
    name: 'an import from lightflow that is misspelt',
    imports: 'Dag, FunctionTsk',
    source: `const a = new FunctionTsk('a', () => {})\n${MAIN}`,
    code: 'LF_WORKFLOW_LOAD',
    says: ['imports FunctionTsk from lightflow, which has nothing of this name', 'Did you mean "FunctionTask"?'],
  },
  {
    name: 'files and packages that are not there',
    source: `import { fit } from './fitting.ts'
import { mean } from 'no-such-package'
const a = new FunctionTask('a', () => fit(mean([1])))\n${MAIN}`,
    code: 'LF_WORKFLOW_IMPORT',
    says: [
      'The workflow imports "./fitting.ts" (mistake.ts:2:21) and "no-such-package" (mistake.ts:3:22), which were not found.',
      'npm install no-such-package',
    ],
  },
  {
    name: 'two tasks of one name',
    source: `${RUN}
export const main = new Dag('main')
main.define([[new FunctionTask('work', nothing), new FunctionTask('work', nothing)]])`,
    code: 'LF_DUPLICATE_TASK',
    says: ['The DAG "main" has two tasks of the name "work" (mistake.ts:4:6).', 'Rename one of them'],
  },
]

const FAILS: Mistake[] = [
  {
    name: 'a wrong slot',
    imports: 'Dag, FunctionTask, slot',
    source: `const a = new FunctionTask('a', () => {})
const b = new FunctionTask('b', ({ data }) => void data.dataset('frist'))
export const main = new Dag('main').define([[a, slot(b, 'first')]])`,
    code: 'LF_DATA_ALIAS',
    says: ['main:1/b There is no dataset "frist" in the task\'s data.', 'at mistake.ts:3:57', 'Did you mean "first"?'],
  },
  {
    name: 'a callback that throws a text',
    source: `const a = new FunctionTask('a', () => { throw 'no beam' })\n${MAIN}`,
    code: 'LF_TASK_FAILED',
    says: ['main:1/a The text "no beam" was thrown.', 'throw new Error("no beam")'],
  },
  {
    name: 'a value that cannot be passed on',
    source: `const a = new FunctionTask('a', ({ data }) => data.set('fit', { model: (x: number) => x * 2 }))\n${MAIN}`,
    code: 'LF_ENCODE',
    says: [
      'main:1/a The data of the task "a" cannot be passed on: "fit.model" is a function.',
      'Tasks exchange plain data',
    ],
  },
  {
    name: 'an unknown DAG in startDag',
    source: `const a = new FunctionTask('a', async ({ signal }) => { await signal.startDag('anaylse') })
export const analyse = new Dag('analyse', { autostart: false }).define([new FunctionTask('b', () => {})])\n${MAIN}`,
    code: 'LF_UNKNOWN_DAG',
    says: ['main:1/a Workflow "mistake" has no DAG "anaylse".', 'at mistake.ts:2:57', 'Did you mean "analyse"?'],
  },
  {
    name: 'a name that a callback uses without importing it',
    source: `const a = new FunctionTask('a', () => readFileSync('frame.tif'))\n${MAIN}`,
    code: 'LF_TASK_FAILED',
    says: [
      'main:1/a The task uses readFileSync, which is neither defined nor imported.',
      'at mistake.ts:2:39',
      'Import it at the top of the workflow file',
    ],
  },
]

describe('the mistakes of a new author', function () {
  this.timeout(60_000)
  let mesh: RealMesh

  before(async () => {
    mesh = await RealMesh.start(['alpha'])
  })

  after(async () => {
    endAll()
    await mesh?.close()
  })

  const file = async ({
    source,
    imports = 'Dag, FunctionTask',
  }: Pick<Mistake, 'source' | 'imports'>): Promise<string> => {
    const path = join(mesh.home, 'mistake.ts')
    await writeFile(path, `import { ${imports} } from 'lightflow'\n${source}\n`)
    return path
  }
  const start = async (mistake: Mistake) => {
    const words = ['workflow', 'start', await file(mistake), ...(mistake.args ?? []), '--wait']
    return lf(words, { env: { LF_HOME: mesh.home } })
  }
  const says = (text: string, { code, says: sentences }: Mistake): void => {
    const line = text.replaceAll(/\s+/g, ' ')
    for (const sentence of [...sentences, code]) assert.ok(line.includes(sentence), `${sentence}\nis not in\n${text}`)
    assert.doesNotMatch(text, /file:\/\/|node_modules|src\//, 'no places of Lightflow itself')
  }

  for (const mistake of REFUSED) {
    it(`${mistake.name}: refused, and nothing is submitted`, async () => {
      const { exit, stdout, stderr } = await start(mistake)
      assert.deepEqual([exit, stdout], [1, ''], stderr)
      says(stderr, mistake)
    })
  }

  for (const mistake of FAILS) {
    it(`${mistake.name}: the run fails and says why`, async () => {
      const { exit, stdout, stderr } = await start(mistake)
      assert.equal(exit, 1, stderr)
      assert.match(stdout, /^mistake-\w+\n$/)
      says(stderr, mistake)
    })
  }

  it('a queue that nobody serves: start warns, --wait and show say what waits for it', async () => {
    const source = `const a = new FunctionTask('a', () => {})
const b = new FunctionTask('b', () => {}, { queue: 'gpu' })
export const main = new Dag('main').define([[a, b]])`
    const env = { LF_HOME: mesh.home }
    const waiting = spawnLf(['workflow', 'start', await file({ source }), '--wait'], { env })
    await eventually(
      () => /1 ready task waits: no peer serves queue gpu: lf node --queues gpu/.test(waiting.stderr()),
      30_000,
    )
    assert.match(
      waiting.stderr(),
      /^No peer serves queue gpu: its tasks wait\.\nStart a peer for it with: lf node --queues gpu\n/,
    )
    const run = waiting.stdout().trim()
    const show = await lf(['workflow', 'show', run], { env })
    assert.match(show.stdout, /▲ 1 ready task waits: no peer serves queue gpu\n {4}lf node --queues gpu\n/)
    const json = JSON.parse((await lf(['workflow', 'status', run, '--json'], { env })).stdout)
    assert.deepEqual(
      json.troubles.map(({ kind, queue }: Record<string, string>) => [kind, queue]),
      [['unserved', 'gpu']],
    )
    await mesh.client.stop(run)
    assert.equal(await waiting.ended, 1)
  })

  it('a peer that died with a task: --wait and show say so, and so does the task', async () => {
    const source = `const a = new FunctionTask('a', () => new Promise(() => setInterval(() => {}, 1000)))\n${MAIN}`
    const env = { LF_HOME: mesh.home }
    const waiting = spawnLf(['workflow', 'start', await file({ source }), '--wait'], { env })
    await eventually(() => /1 running/.test(waiting.stderr()), 30_000)
    const run = waiting.stdout().trim()
    mesh.peer('alpha').kill('SIGKILL')
    await eventually(() => /No peer is alive: nothing runs: lf node/.test(waiting.stderr()), 30_000)
    const show = await lf(['workflow', 'show', run], { env })
    assert.match(
      show.stdout.replaceAll(/\s+/g, ' '),
      /main:1\/a is held by alpha, which is dead: it is taken over when a peer is alive/,
    )
    assert.match(show.stdout, /● a .*its peer is dead/)
    waiting.child.kill('SIGINT')
    assert.equal(await waiting.ended, 130)
  })
})
