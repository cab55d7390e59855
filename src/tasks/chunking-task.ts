import { LightflowError } from '../core/errors.ts'
import { isOfKind, type Named } from '../workflow/brand.ts'
import type { Context } from '../workflow/context.ts'
import { describeValue } from '../workflow/describe-value.ts'
import type { MultiTaskData } from '../workflow/multi-task-data.ts'
import type { TaskCall, TaskNotes, TaskTools } from '../workflow/task-call.ts'
import type { TaskOptions } from '../workflow/task-options.ts'
import type { ParametersOf } from '../workflow/task-parameters.ts'
import { chunkList, decimated } from './chunking/chunk-list.ts'
import { aKey, boolean } from './files/file-checks.ts'
import { FileTask } from './files/file-task.ts'
import { shortHash } from './files/part-files.ts'

/** Of each, a function `(data, store) => value` may stand in its place. */
export interface ChunkingParameters {
  /** The DAG, or its name, of which a copy is started with each chunk. */
  dagName: string | Named
  /** What is equal within a chunk: the group named `match`, else the first group, else all that it finds. Entries without it are left out. */
  matchPattern: string | RegExp
  /** Where in the data the list of texts is. */
  inKey: string
  /** Where in the data of the copy its chunk is. Default null: in the place of the list. */
  outKey: string | null
  /** An entry that ends the chunk before it. Default `|`. */
  flushString: string
  /** The last chunk is complete when the list ends (default); else it waits for the list of the next copy of this task's DAG. */
  flushOnEnd: boolean
  /** Entries of one chunk follow each other in the list (default); else all equal ones are one chunk, and nothing is flushed. */
  forceConsecutive: boolean
  /** Keeps every n-th entry of a chunk, beginning with the first. Default 1: all. */
  decimate: number
}

export type ChunkingTaskOptions = TaskOptions &
  Partial<ParametersOf<ChunkingParameters>> &
  Pick<ParametersOf<ChunkingParameters>, 'dagName' | 'matchPattern' | 'inKey'>

/**
 * Groups the entries of a list, such as the frames of a scan, by a pattern, and starts a copy of a DAG with each group. The copy gets the
 * data of this task, with the chunk under `outKey`.
 *
 * @example
 * // scan_1_001.tif, scan_1_002.tif, scan_2_001.tif: two chunks
 * const split = new ChunkingTask('split', { dagName: 'reduce', matchPattern: /(scan_\d+)_\d+\.tif$/, inKey: 'files' })
 */
export class ChunkingTask extends FileTask<ChunkingParameters> {
  override readonly kind = 'chunking'

  constructor(name: string, options: ChunkingTaskOptions) {
    super(name, options, {
      checks: {
        dagName: ['a DAG or its name', value => isOfKind(value, 'dag') || (typeof value === 'string' && value !== '')],
        matchPattern: ['a regular expression', isPattern],
        inKey: aKey,
        outKey: ['a name or null', value => value === null || aKey[1](value)],
        flushString: ['a text', value => typeof value === 'string'],
        flushOnEnd: boolean,
        forceConsecutive: boolean,
        decimate: ['a whole number from 1', value => Number.isSafeInteger(value) && (value as number) >= 1],
      },
      defaults: { outKey: null, flushString: '|', flushOnEnd: true, forceConsecutive: true, decimate: 1 },
    })
  }

  protected async work(values: ChunkingParameters, call: TaskCall, { notes }: TaskTools): Promise<void> {
    const { dagName, flushOnEnd, forceConsecutive, flushString, decimate, inKey } = values
    const list = readList(this.name, call.data, inKey)
    const kept = new KeptChunk(call.context, notes)
    const rules = { pattern: patternOf(values.matchPattern), flushString, forceConsecutive }
    const before = forceConsecutive ? await kept.read() : []
    const { complete, open } = chunkList([...before, ...list], rules)
    const chunks = flushOnEnd && open.length > 0 ? [...complete, open] : complete
    for (const chunk of chunks) {
      const data = call.data.copy()
      data.set(values.outKey ?? inKey, decimated(chunk, decimate))
      await call.signal.startDag(dagName, data)
    }
    if (forceConsecutive) await kept.write(before, flushOnEnd ? [] : open)
  }
}

/**
 * What the list of one copy of the DAG leaves for that of the next. It is kept with what was there before, so that a repeated attempt begins
 * with the same.
 */
class KeptChunk {
  readonly #notes: TaskNotes
  readonly #path: string
  readonly #dag: string

  constructor(context: Context, notes: TaskNotes) {
    const blueprint = context.dagName.split(':', 1)[0] ?? ''
    this.#notes = notes
    this.#path = `chunks.${shortHash(`${blueprint}/${context.taskName}`)}`
    this.#dag = context.dagName
  }

  async read(): Promise<string[]> {
    const [dag, before, after] = (await this.#notes.get<[string, string[], string[]]>(this.#path)) ?? ['', [], []]
    return dag === this.#dag ? before : after
  }

  async write(before: readonly string[], after: readonly string[]): Promise<void> {
    if (before.length > 0 || after.length > 0) await this.#notes.set(this.#path, [this.#dag, before, after])
  }
}

function readList(task: string, data: MultiTaskData, key: string): string[] {
  const list: unknown = data.get(key)
  if (Array.isArray(list) && list.every(entry => typeof entry === 'string')) return list
  const message = `The task "${task}" needs a list of texts as "${key}" in its data, but got ${describeValue(list)}.`
  throw new LightflowError('LF_CHUNK_LIST', message, {
    hint: 'Does a task before it leave the list under this name? See its option inKey.',
  })
}

function isPattern(value: unknown): boolean {
  if (value instanceof RegExp) return true
  if (typeof value !== 'string' || value === '') return false
  try {
    return new RegExp(value) instanceof RegExp
  } catch {
    return false
  }
}

/** One that remembers where it was (flags g and y) would skip entries. */
function patternOf(given: string | RegExp): RegExp {
  return typeof given === 'string' ? new RegExp(given) : new RegExp(given.source, given.flags.replace(/[gy]/g, ''))
}
