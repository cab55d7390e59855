import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ResultRow } from '../../../examples/phasid/analyse-profile.ts'
import { generateSeries } from '../../../examples/phasid/generator/generate-series.ts'
import { bundleWorkflow } from '../../../src/bundle/bundle-workflow.ts'
import { loadBundle } from '../../../src/bundle/load-bundle.ts'
import { MultiTaskData } from '../../../src/workflow/multi-task-data.ts'
import type { TaskCall } from '../../../src/workflow/task-call.ts'
import { findTask, type Workflow } from '../../../src/workflow/workflow.ts'

const source = new URL('../../../examples/phasid/phasid.ts', import.meta.url).pathname

/** What the tasks of one run see of Lightflow: a store with dotted paths, and DAG copies that run at once. */
class LocalRun {
  readonly store: Record<string, unknown>
  readonly workflow: Workflow
  started = 0

  constructor(workflow: Workflow, options: Record<string, unknown>) {
    this.workflow = workflow
    const defaults = workflow.parameters.options.map(({ name, default: preset }) => [name, preset])
    this.store = { ...Object.fromEntries(defaults), ...options }
  }

  /** Runs the main DAG, task after task, and returns the data of the last one. */
  async run(): Promise<MultiTaskData> {
    const data = new MultiTaskData()
    for (const task of ['list', 'fan', 'collect']) await this.task('phasid', task, data)
    return data
  }

  async task(dag: string, task: string, data: MultiTaskData): Promise<void> {
    const tools = { output: () => {}, notes: { get: async () => null, set: async () => {} } }
    await findTask(this.workflow, dag, task).run(this.#call(data), tools)
  }

  #call(data: MultiTaskData): TaskCall {
    const store = {
      get: async (path: string, fallback?: unknown) => this.store[path] ?? fallback,
      set: async (path: string, value: unknown) => {
        const [prefix = '', key = ''] = path.split('.')
        this.store[prefix] = { ...(this.store[prefix] as object), [key]: structuredClone(value) }
      },
    }
    const signal = {
      startDag: async (dag: { name: string }, start: Record<string, unknown>) => {
        const own = new MultiTaskData()
        for (const [key, value] of Object.entries(structuredClone(start))) own.set(key, value)
        await this.task(dag.name, 'identify_profile', own)
        return `${dag.name}:${++this.started}`
      },
      joinDags: async (names: string[]) => names.length === this.started,
    }
    return { data, store, signal } as unknown as TaskCall
  }
}

describe('the phasid workflow', () => {
  let folder: string
  let workflow: Workflow

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'phasid-'))
    const { code, name, description } = await bundleWorkflow(source)
    const file = join(folder, 'phasid.mjs')
    await writeFile(file, code)
    workflow = await loadBundle(file, { name, description })
  })

  after(() => rm(folder, { recursive: true, force: true }))

  it('has a main DAG that starts by itself and one that does not', () => {
    const autostart = [...workflow.dags.values()].map(dag => [dag.name, dag.autostart])
    assert.deepEqual(autostart, [
      ['phasid', true],
      ['identify', false],
    ])
    assert.match(workflow.description, /^Find the diffraction peaks in SAXS profiles/)
  })

  it('identifies every profile of a folder, the unreadable ones too, and writes table, JSON and diagram', async () => {
    const data = join(folder, 'series')
    await generateSeries({ folder: data, count: 6, seed: 5, badFiles: 2 })
    const run = new LocalRun(workflow, { folder: data, unit: '1/A' })
    const result = await run.run()
    assert.equal(run.started, 8)
    const output = result.get<string>('output')
    assert.equal(output, join(data, 'phasid-results'))
    assert.deepEqual((await readdir(output)).sort(), ['phase-diagram.svg', 'results.csv', 'results.json'])
    const csv = (await readFile(join(output, 'results.csv'), 'utf8')).trim().split('\r\n')
    assert.equal(csv.length, 9)
    const { rows } = JSON.parse(await readFile(join(output, 'results.json'), 'utf8')) as { rows: ResultRow[] }
    assert.deepEqual(
      rows.map(row => row.file),
      (await readdir(data)).filter(name => name !== 'phasid-results').sort(),
    )
    assert.equal(rows.filter(row => row.state === 'error' && row.reason !== null).length, 2)
    assert.equal(result.get<Record<string, number>>('summary')['error'], 2)
  })

  it('takes samples.csv for names that say nothing', async () => {
    const data = join(folder, 'table')
    await generateSeries({ folder: data, count: 1, seed: 2 })
    const [name = ''] = await readdir(data)
    await writeFile(join(data, 'samples.csv'), `file,composition,temperature\n${name},33,12.5\n`)
    const run = new LocalRun(workflow, { folder: data, unit: '1/A', output: join(folder, 'elsewhere') })
    await run.run()
    const { rows } = JSON.parse(await readFile(join(folder, 'elsewhere', 'results.json'), 'utf8')) as {
      rows: ResultRow[]
    }
    assert.deepEqual([rows[0]?.composition, rows[0]?.temperature], [0.33, 12.5])
  })

  it('writes the same row again when an attempt is repeated', async () => {
    const data = join(folder, 'repeat')
    await generateSeries({ folder: data, count: 1, seed: 3 })
    const run = new LocalRun(workflow, { folder: data, unit: '1/A' })
    await run.run()
    const rows = structuredClone(run.store['rows'])
    await run.run()
    assert.deepEqual(run.store['rows'], rows)
  })

  it('fails with a clear error when the folder is missing or empty', async () => {
    const list = (options: Record<string, unknown>) =>
      new LocalRun(workflow, options).task('phasid', 'list', new MultiTaskData())
    await assert.rejects(list({ folder: join(folder, 'nowhere') }), { code: 'PHASID_NO_PROFILES' })
    const empty = await mkdtemp(join(folder, 'empty-'))
    await assert.rejects(list({ folder: empty }), { code: 'PHASID_NO_PROFILES', message: /holds no profiles/ })
  })

  it('refuses options it cannot understand before any profile is touched', async () => {
    const list = (options: Record<string, unknown>) =>
      new LocalRun(workflow, { folder, ...options }).task('phasid', 'list', new MultiTaskData())
    await assert.rejects(list({ unit: 'furlong' }), { code: 'PHASID_BAD_OPTION', message: /unit.*furlong/ })
    await assert.rejects(list({ instrument: 'toaster' }), { code: 'PHASID_BAD_OPTION' })
    await assert.rejects(list({ qmin: 0.3, qmax: 0.2 }), { code: 'PHASID_BAD_OPTION' })
    await assert.rejects(list({ phases: 'La,Q' }), { code: 'PHASID_BAD_OPTION' })
  })
})
