import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as lightflow from '../../src/index.ts'
import type { Client, Context, FinallyStatus, LocalOptions, Signal, TaskOptions, TaskStore } from '../../src/index.ts'
import type { BashCallbacks, BashParameters, EndCall } from '../../src/tasks/bash/bash-options.ts'
import type { ChmodParameters } from '../../src/tasks/chmod-task.ts'
import type { ChownParameters } from '../../src/tasks/chown-task.ts'
import type { ChunkingParameters } from '../../src/tasks/chunking-task.ts'
import type { TransferParameters } from '../../src/tasks/files/transfer.ts'
import type { GlobParameters } from '../../src/tasks/glob-task.ts'
import type { NewFilesParameters } from '../../src/tasks/new-files-task.ts'
import type { NewLinesParameters } from '../../src/tasks/new-lines-task.ts'
import type { WalkParameters } from '../../src/tasks/walk-task.ts'
import type { DagOptions } from '../../src/workflow/dag.ts'
import type { OptionSettings } from '../../src/workflow/parameters.ts'
import { OPTION_TYPES } from '../../src/workflow/convert-value.ts'

const TEST_ROOT = join(import.meta.dirname, '..')
const PAGE = join(TEST_ROOT, '..', 'docs', 'features.md')

/** The compiler sees to it that none is missing: each list has all properties of its type. */
type All<Type> = Record<keyof Type, 0>
const dag: All<DagOptions> = { autostart: 0, queue: 0, schema: 0 }
const option: All<OptionSettings> = { type: 0, default: 0, help: 0, required: 0 }
const task: All<TaskOptions> = {
  queue: 0,
  needs: 0,
  effect: 0,
  priority: 0,
  retries: 0,
  backoffMs: 0,
  timeoutMs: 0,
  maxDeaths: 0,
  replicas: 0,
  forceRun: 0,
  propagateSkip: 0,
  callbackInit: 0,
  callbackFinally: 0,
}
const bash: All<BashParameters & BashCallbacks & Pick<EndCall, 'exitCode' | 'exitSignal' | 'stdout' | 'stderr'>> = {
  cwd: 0,
  env: 0,
  extendEnv: 0,
  user: 0,
  group: 0,
  stdin: 0,
  captureStdout: 0,
  captureStderr: 0,
  check: 0,
  shell: 0,
  graceMs: 0,
  callbackProcess: 0,
  callbackStdout: 0,
  callbackStderr: 0,
  callbackEnd: 0,
  exitCode: 0,
  exitSignal: 0,
  stdout: 0,
  stderr: 0,
}
const files: All<GlobParameters & WalkParameters & TransferParameters & ChmodParameters & ChownParameters> = {
  path: 0,
  paths: 0,
  pattern: 0,
  exclude: 0,
  recursive: 0,
  type: 0,
  absolute: 0,
  outKey: 0,
  sources: 0,
  destination: 0,
  existing: 0,
  permission: 0,
  onlyDirs: 0,
  user: 0,
  group: 0,
}
const trigger: All<NewFilesParameters & NewLinesParameters> & { callback: 0; stopWhen: 0 } = {
  path: 0,
  pattern: 0,
  exclude: 0,
  recursive: 0,
  aggregate: 0,
  useExisting: 0,
  flushExisting: 0,
  skipDuplicate: 0,
  allowEmpty: 0,
  settleMs: 0,
  pollMs: 0,
  stopAfterIdleMs: 0,
  maxFiles: 0,
  maxLines: 0,
  callback: 0,
  stopWhen: 0,
}
const chunking: All<ChunkingParameters> = {
  dagName: 0,
  matchPattern: 0,
  inKey: 0,
  outKey: 0,
  flushString: 0,
  flushOnEnd: 0,
  forceConsecutive: 0,
  decimate: 0,
}
const context: All<Context> = {
  taskName: 0,
  dagName: 0,
  workflowName: 0,
  runId: 0,
  peerName: 0,
  peerHost: 0,
  attempt: 0,
  epoch: 0,
  scratch: 0,
}
const signal: All<Signal> = {
  startDag: 0,
  joinDags: 0,
  stopDag: 0,
  stopWorkflow: 0,
  isStopped: 0,
  isDraining: 0,
  abort: 0,
}
const store: All<TaskStore> = { get: 0, set: 0, push: 0, extend: 0, increment: 0, delete: 0, section: 0 }
const finallyStatus: Record<FinallyStatus, 0> = { success: 0, stopped: 0, aborted: 0, error: 0 }
const local: All<LocalOptions> = { name: 0, capacity: 0, signal: 0 }
/** Of a client, what the original's library has; the rest is told by the commands. */
const client: Partial<All<Client>> = { workflows: 0, start: 0, stop: 0, runs: 0, run: 0, show: 0, meshStatus: 0, drain: 0, evict: 0, monitor: 0 } // oxfmt-ignore
const data = [lightflow.TaskData, lightflow.MultiTaskData].flatMap(({ prototype }) =>
  Object.getOwnPropertyNames(prototype).filter(name => name !== 'constructor'),
)

interface Row {
  feature: string
  here: string
  tests: { file: string; title: string }[]
}

describe('docs/features.md', () => {
  let rows: Row[]

  before(async () => {
    rows = readRows(await readFile(PAGE, 'utf8'))
  })

  it('has a test in every row', () => {
    assert.ok(rows.length > 150, `${rows.length} rows`)
    assert.deepEqual(rows.filter(({ tests }) => tests.length === 0).map(({ feature }) => feature), []) // oxfmt-ignore
  })

  it('names only tests that exist', async () => {
    const titles = new Map<string, RegExp[]>()
    const missing: string[] = []
    for (const { file, title } of rows.flatMap(({ tests }) => tests)) {
      if (!titles.has(file)) titles.set(file, await titlesIn(join(TEST_ROOT, file)))
      if (titles.get(file)?.some(pattern => pattern.test(title)) !== true) missing.push(`${file}: ${title}`)
    }
    assert.deepEqual(missing, [])
  })

  it('has everything that workflows are written with', () => {
    const code = rows.flatMap(({ here }) => Array.from(here.matchAll(/`([^`]+)`/g), ([, text]) => text)).join('\n')
    const words = new Set(code.match(/[A-Za-z]\w*/g))
    const objects = [
      dag,
      option,
      task,
      bash,
      files,
      trigger,
      chunking,
      context,
      signal,
      store,
      finallyStatus,
      local,
      client,
    ]
    const names = [...Object.keys(lightflow), ...objects.flatMap(Object.keys), ...data, ...OPTION_TYPES]
    assert.deepEqual(names.filter(name => !words.has(name)), []) // oxfmt-ignore
  })
})

/** Of the tables with tests. */
function readRows(page: string): Row[] {
  const tables = page.split(/\n{2,}/).filter(part => /^\| *(feature|defect) /.test(part))
  return tables.flatMap(table =>
    table
      .trim()
      .split('\n')
      .slice(2)
      .map(line => {
        const [, feature = '', here = '', tests = ''] = line
          .split(/(?<!\\)\|/)
          .map(cell => cell.trim().replaceAll('\\|', '|'))
        return { feature, here, tests: tests.split('<br>').flatMap(readTest) }
      }),
  )
}

function readTest(text: string): Row['tests'] {
  const [, file, title] = /^`([^`]+)`: (.+)$/.exec(text) ?? []
  return file === undefined || title === undefined ? [] : [{ file, title }]
}

/** Names of the tests in a file. What is put into a name when the tests run may be anything. */
async function titlesIn(file: string): Promise<RegExp[]> {
  if (!existsSync(file)) return []
  const source = await readFile(file, 'utf8')
  const named = Array.from(source.matchAll(/\bit\(\s*(['"`])((?:\\.|(?!\1).)+)\1/gs), ([, quote, text = '']) => {
    const plain = text.replaceAll(/\\(['"`\\])/g, '$1')
    return quote === '`' ? plain.split(/\$\{[^}]*\}/) : [plain]
  })
  // `it(name, …)` in a loop: the names are texts of the same file.
  const listed = /\bit\(\w+,/.test(source)
    ? Array.from(source.matchAll(/\bname: '([^']+)'/g), ([, name = '']) => [name])
    : []
  // A name that is made up altogether would match everything.
  const telling = [...named, ...listed].filter(parts => parts.join('').length > 8)
  return telling.map(parts => new RegExp(`^${parts.map(escaped).join('.+')}$`, 's'))
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
