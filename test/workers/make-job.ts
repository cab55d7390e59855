/** Jobs and hosts for tests of worker pools. */
import { fileURLToPath } from 'node:url'
import { decodeDataset, encodeDataset } from '../../protocols/dataset.ts'
import type { Job, JobHost, JobResult } from '../../src/workers/worker-pool.ts'

export const WELL_BEHAVED_FILE = fixture('well-behaved')
export const HARMFUL_FILE = fixture('harmful')
export const WASTEFUL_FILE = fixture('wasteful')

function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}.ts`, import.meta.url))
}

export function makeJob(task: string, given: Partial<Job> & { data?: Record<string, unknown> } = {}): Job {
  const { data = {}, ...rest } = given
  return {
    bundleFile: WELL_BEHAVED_FILE,
    blueprint: 'jobs',
    task,
    inputs: [{ task: 'before', slot: null, bytes: encodeDataset({ data, history: ['before'] }) }],
    start: null,
    context: {
      taskName: task,
      dagName: 'jobs:1',
      workflowName: 'tests',
      runId: 'tests-1',
      peerName: 'hutch-1',
      peerHost: 'localhost',
      attempt: 1,
      epoch: 3,
      scratch: '/nowhere',
    },
    ...rest,
  }
}

/** Remembers what it is asked; `answers` replaces single methods. */
export class RecordingHost {
  readonly calls: unknown[][] = []
  readonly lines: string[] = []
  readonly host: JobHost

  constructor(answers: Partial<JobHost> = {}) {
    const record =
      <Answer>(method: string, answer: Answer) =>
      async (...args: unknown[]): Promise<Answer> => {
        this.calls.push([method, ...args])
        return answer
      }
    this.host = {
      storeGet: record('storeGet', undefined),
      storeWrite: record('storeWrite', undefined),
      startDag: record('startDag', 'other:1'),
      joinDags: record('joinDags', true),
      stopDag: record('stopDag', undefined),
      stopWorkflow: record('stopWorkflow', undefined),
      nameFile: record('nameFile', null),
      fetchFile: record('fetchFile', '/nowhere'),
      output: (stream, line) => void this.lines.push(`${stream}: ${line}`),
      ...answers,
    }
  }

  /** True once the task said so in the store. */
  get hasStarted(): boolean {
    return this.calls.some(([method]) => method === 'storeWrite')
  }
}

export function dataOf(result: JobResult): Record<string, unknown> {
  if (result.bytes === null) throw new Error(`no data but ${JSON.stringify(result)}`)
  return decodeDataset(result.bytes).data
}
