import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { bundleWorkflow } from '../../src/bundle/bundle-workflow.ts'
import { evaluateBundle, loadBundle } from '../../src/bundle/load-bundle.ts'
import { makePlan } from '../../src/workflow/make-plan.ts'
import { findTask } from '../../src/workflow/workflow.ts'
import { dataOf, run } from '../tasks/attempts.ts'

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url))

describe('loadBundle', () => {
  let folder: string
  let libraryUrl: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lightflow-load-'))
    const library = join(folder, 'library.ts')
    libraryUrl = pathToFileURL(library).href
    const modules = ['workflow/dag', 'workflow/action', 'workflow/parameters', 'workflow/slot', 'workflow/signals']
    const exports = [...modules, 'tasks/function-task'].map(name => `export * from '${SOURCE}${name}.ts'\n`)
    await writeFile(library, exports.join(''))
  })

  afterEach(() => rm(folder, { recursive: true }))

  async function bundleOf(source: string): Promise<string> {
    await writeFile(join(folder, 'scan.ts'), source)
    const { code, hash } = await bundleWorkflow(join(folder, 'scan.ts'))
    const file = join(folder, `${hash}.mjs`)
    await writeFile(file, code)
    return file
  }

  const load = async (source: string) => loadBundle(await bundleOf(source), { name: 'scan', libraryUrl })

  async function failure(source: string) {
    const [outcome] = await Promise.allSettled([load(source)])
    assert.ok(outcome.status === 'rejected', 'it was not refused')
    return outcome.reason as { code: string; message: string; hint: string; stack: string }
  }

  const WORKFLOW = `
    import { Dag, FunctionTask, Option, Parameters, slot } from 'lightflow'
    const put = new FunctionTask('put', ({ data }) => { data.set('value', 5) })
    const square = new FunctionTask('square', ({ data }) => { data.set('value', data.get<number>('value') ** 2) })
    export const main = new Dag('main').define([[put, slot(square, 'first')]])
    export const parameters = new Parameters([new Option('n', { type: 'int', default: 3 })])
  `

  it('gives the workflow that the file exports, made with this library', async () => {
    const file = await bundleOf(WORKFLOW)
    const workflow = await loadBundle(file, { name: 'scan', description: 'Scans.', libraryUrl })
    const plan = makePlan(workflow)
    assert.deepEqual([plan.name, plan.description, plan.options[0]?.name], ['scan', 'Scans.', 'n'])
    assert.deepEqual(plan.dags[0]?.edges, [{ from: 'put', to: 'square', slot: 'first' }])
    const result = await run(() => {}, { task: findTask(workflow, 'main', 'put') })
    assert.deepEqual(dataOf(result), { value: 5 })
  })

  it('runs a bundle that is in no file, anew each time, and names the author’s lines', async () => {
    await writeFile(join(folder, 'scan.ts'), `${WORKFLOW}\nglobalThis.evaluated = (globalThis.evaluated ?? 0) + 1`)
    const { code } = await bundleWorkflow(join(folder, 'scan.ts'))
    const evaluated = globalThis as { evaluated?: number }
    const first = await evaluateBundle(code, { name: 'scan', libraryUrl })
    const second = await evaluateBundle(code, { name: 'scan', libraryUrl })
    assert.deepEqual([first.name, Array.from(first.dags.keys())], ['scan', ['main']])
    assert.notEqual(first.dags.get('main'), second.dags.get('main'))
    assert.equal(evaluated.evaluated, 2)
    delete evaluated.evaluated
    await writeFile(join(folder, 'scan.ts'), "import { sep } from 'node:path'\n\nthrow new Error(`wrong ${sep}`)")
    const broken = await bundleWorkflow(join(folder, 'scan.ts'))
    await assert.rejects(evaluateBundle(broken.code, { name: 'scan', libraryUrl }), /wrong \/.*scan\.ts:3/s)
  })

  it('runs what it is given, also when another copy of the library in the process ran one of the same name', async () => {
    const other = '../../src/bundle/load-bundle.ts?copy'
    const copies = [{ evaluateBundle }, (await import(other)) as { evaluateBundle: typeof evaluateBundle }]
    for (const [index, copy] of copies.entries()) {
      await writeFile(join(folder, 'scan.ts'), WORKFLOW.replaceAll('main', `main${index}`))
      const { code } = await bundleWorkflow(join(folder, 'scan.ts'))
      const workflow = await copy.evaluateBundle(code, { name: 'scan', libraryUrl })
      assert.deepEqual(Array.from(workflow.dags.keys()), [`main${index}`])
    }
  })

  it('runs the same file once', async () => {
    const file = await bundleOf(WORKFLOW)
    const [first, second] = [
      await loadBundle(file, { name: 'scan', libraryUrl }),
      await loadBundle(file, { name: 'scan', libraryUrl }),
    ]
    assert.equal(first.dags.get('main'), second.dags.get('main'))
  })

  it('serves CommonJS packages, their folders, and a require of the author’s own', async () => {
    await writeFile(
      join(folder, 'old.cjs'),
      "exports.sep = require('path').sep; exports.place = [typeof __dirname, typeof __filename]",
    )
    const workflow = await load(`
      import { createRequire } from 'node:module'
      import { Dag, FunctionTask } from 'lightflow'
      import old from './old.cjs'
      const require = createRequire(import.meta.url)
      const __dirname = 'mine'
      const facts = [old.sep, ...old.place, typeof require('node:os').EOL, __dirname].join(' ')
      export const main = new Dag('main', { schema: [new FunctionTask(facts.slice(2), () => {})] })
    `)
    assert.deepEqual(Array.from(workflow.dags.get('main')?.tasks.keys() ?? []), ['string string string mine'])
  })

  it('names the author’s lines in the stacks of tasks', async () => {
    const workflow = await load(`
      import { Dag, FunctionTask } from 'lightflow'
      interface Peak { q: number }
      const fit = new FunctionTask('fit', () => {
        throw new Error('no peaks')
      })
      export const main = new Dag('main', { schema: [fit] })
    `)
    const { error } = await run(() => {}, { task: findTask(workflow, 'main', 'fit') })
    assert.match(error?.stack ?? '', /workflow:scan\.ts:5:15/)
  })

  it('says where the file fails while it is loaded, with the author’s stack', async () => {
    const error = await failure("import 'lightflow'\nconst table: number[] | null = null\nexport const x = table![0]")
    assert.equal(error.code, 'LF_WORKFLOW_LOAD')
    assert.match(error.message, /"scan" fails while it is loaded: Cannot read.* \(scan\.ts:3:\d+\)$/)
    assert.match(error.stack, /workflow:scan\.ts:3/)
  })

  it('says so for everything that can be thrown', async () => {
    for (const thrown of ["'text'", 'undefined', 'null', '{ a: 1 }']) {
      assert.equal((await failure(`throw ${thrown}`)).code, 'LF_WORKFLOW_LOAD')
    }
  })

  it('passes on what the authoring model says, with the place', async () => {
    const error = await failure(`
      import { Dag, FunctionTask } from 'lightflow'
      const a = new FunctionTask('a', () => {}), b = new FunctionTask('b', () => {})
      export const main = new Dag('main')
      main.define([[a, b], [b, a]])
    `)
    assert.equal(error.code, 'LF_DAG_CYCLE')
    assert.match(error.message, /(a -> b -> a|b -> a -> b) \(scan\.ts:5:12\)\.$/)
    assert.ok(error.hint.length > 0)
  })

  it('says so when lightflow has nothing of the imported name, and when no DAG is exported', async () => {
    const wrong = await failure("import { Dga } from 'lightflow'\nexport const x = new Dga('x')")
    assert.deepEqual([wrong.code, /spelling/.test(wrong.hint)], ['LF_WORKFLOW_LOAD', true])
    assert.match(wrong.message, /imports Dga from lightflow, which has nothing of this name$/)
    const whole = await failure("import lightflow from 'lightflow'\nexport const x = new lightflow.Dag('x')")
    assert.match(`${whole.message} ${whole.hint}`, /imports lightflow as a whole.*import \{ Dag, FunctionTask \}/)
    assert.equal((await failure('export const x = 1')).code, 'LF_NO_DAG')
  })

  it('leaves the imports of other modules alone', async () => {
    await load(WORKFLOW)
    const stranger = join(folder, 'stranger.mjs')
    await writeFile(stranger, "import 'lightflow'")
    await assert.rejects(import(pathToFileURL(stranger).href), { code: 'ERR_MODULE_NOT_FOUND' })
  })

  it('works in a worker thread, where it brings no bundler along', async () => {
    const file = await bundleOf(WORKFLOW)
    const script = `
      import { parentPort } from 'node:worker_threads'
      import { loadBundle } from ${JSON.stringify(pathToFileURL(`${SOURCE}bundle/load-bundle.ts`).href)}
      const workflow = await loadBundle(${JSON.stringify(file)}, { name: 'scan', libraryUrl: ${JSON.stringify(libraryUrl)} })
      const loaded = process.getBuiltinModule('module').createRequire(${JSON.stringify(file)}).cache
      parentPort.postMessage([[...workflow.dags.keys()], Object.keys(loaded).some(name => name.includes('esbuild'))])
    `
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`))
    try {
      const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
      assert.deepEqual(answer, [['main'], false])
    } finally {
      await worker.terminate()
    }
  })
})
