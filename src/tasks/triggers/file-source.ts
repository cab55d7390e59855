/** The source of a trigger for new files: looks at the folder, waits until files have settled, and remembers which were handed over. */
import type { Clock } from '../../core/clock.ts'
import type { TaskTools } from '../../workflow/task-call.ts'
import { errnoOf, fileError } from '../files/file-errors.ts'
import { FileFinder, type FinderRules } from './file-finder.ts'
import { FolderHint } from './folder-hint.ts'
import { Outage } from './outage.ts'
import type { TriggerSource } from './run-trigger.ts'
import { type PageStore, type SeenMark, SeenFiles } from './seen-files.ts'
import { type FoundFile, Settling } from './settling.ts'

export interface FileSourceRules extends FinderRules {
  settleMs: number
  pollMs: number
  useExisting: boolean
  flushExisting: boolean
  ignoreRewritten: boolean
}

type Finder = Pick<FileFinder, 'look' | 'lookClosely' | 'noteOld'>

export interface FileSourceParts {
  clock: Clock
  log: TaskTools
  pages: PageStore
  /** Who looks into the folder, for tests. */
  finder?: Finder
}

/** `isFlushed`: the files that were there at the beginning were handed over, or left out. */
type FileMark = [...SeenMark, isFlushed: boolean]

/** A file that has settled waits for one before it in time no longer than this, in settle times. */
const HOLD_SETTLE_TIMES = 10
/** Looks take at most this part of the time, however large the folder is. */
const LOOK_SHARE = 0.3
/** The same for those that are taken early because something changed. */
const HINTED_LOOK_SHARE = 0.1

export class FileSource implements TriggerSource<string> {
  readonly what = 'files'
  readonly #rules: FileSourceRules
  readonly #clock: Clock
  readonly #log: TaskTools
  readonly #finder: Finder
  readonly #seen: SeenFiles
  readonly #settling: Settling
  readonly #outage: Outage
  #hint: FolderHint | null = null
  /** Ready files that were looked at closely. */
  readonly #confirmed = new Set<string>()
  /** Those of the first look that are still to be flushed together; null when that is done. */
  #existing: Set<string> | null = null
  #isFlushed = true
  #lookMs = 0
  #lookedMs = 0

  constructor(rules: FileSourceRules, { clock, log, pages, finder = new FileFinder(rules) }: FileSourceParts) {
    this.#rules = rules
    this.#clock = clock
    this.#log = log
    this.#finder = finder
    this.#outage = new Outage(rules.root, clock, log)
    this.#seen = new SeenFiles(pages, rules)
    const { settleMs } = rules
    this.#settling = new Settling({ settleMs, holdMs: HOLD_SETTLE_TIMES * Math.max(settleMs, rules.pollMs) })
  }

  get ready(): number {
    return this.#settling.ready
  }

  get unready(): number {
    return this.#settling.unready
  }

  get isFlushing(): boolean {
    return this.#existing !== null && !this.#settling.hasUnready(this.#existing)
  }

  get pauseMs(): number {
    const { pollMs } = this.#rules
    const wantedMs = Math.min(pollMs, this.#settling.nextMs(this.#clock.monotonicMs()) ?? pollMs)
    return Math.max(wantedMs, MIN_PAUSE_MS, this.#lookMs / LOOK_SHARE)
  }

  /** Not before the last look was a while ago. */
  get isHinted(): boolean {
    const restMs = Math.max(MIN_HINT_REST_MS, this.#lookMs / HINTED_LOOK_SHARE)
    return this.#hint?.hasChanged === true && this.#clock.monotonicMs() - this.#lookedMs >= restMs
  }

  /** For the first time, a folder that cannot be read is an error: often it is mistyped. Later it may be a share that is away. */
  async start(mark: unknown): Promise<FileMark> {
    const { root, useExisting, flushExisting } = this.#rules
    if (mark === null) {
      const found = await this.#firstLook()
      if (!useExisting) await this.#seen.add(found)
      this.#isFlushed = !useExisting || !flushExisting
      const left = useExisting || found.length === 0 ? '' : `, without the ${found.length} files that are there`
      this.#log.output('stdout', `watching ${root}${left}`)
    } else {
      const [pages, current, isFlushed] = mark as FileMark
      await this.#seen.load([pages, current])
      this.#isFlushed = isFlushed
      this.#log.output('stdout', `watching ${root} again; ${this.#seen.size} files are known`)
    }
    this.#hint = new FolderHint(root)
    return this.#mark()
  }

  async look(): Promise<void> {
    const fromMs = this.#clock.monotonicMs()
    this.#hint?.reset()
    try {
      const found = await this.#finder.look()
      for (const file of found) if (this.#seen.has(file)) this.#finder.noteOld(file.path)
      const fresh = found.filter(file => !this.#seen.has(file))
      this.#settling.observe(fresh, this.#clock.monotonicMs())
      if (!this.#isFlushed && this.#existing === null) this.#existing = new Set(fresh.map(({ path }) => path))
      this.#noteFlushed()
      this.#outage.over()
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
      this.#outage.began(error)
    }
    this.#lookedMs = this.#clock.monotonicMs()
    this.#lookMs = this.#lookedMs - fromMs
  }

  async take(count: number, isRest: boolean): Promise<{ items: string[]; mark: FileMark } | null> {
    try {
      const checked = await this.#checkFirst(count)
      if (checked === 0 || (checked < count && !isRest)) return null
      const files = Array.from({ length: checked }, (_, index) => this.#settling.at(index)).filter(isFile)
      await this.#seen.add(files)
      for (const { path } of files) {
        this.#settling.drop()
        this.#confirmed.delete(path)
        this.#finder.noteOld(path)
      }
      this.#noteFlushed()
      return { items: files.map(({ path }) => path), mark: this.#mark() }
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
      this.#outage.began(error)
      return null
    }
  }

  /** Looks closely at the first files that are ready, each once; resolves with how many of them are what they seemed to be. */
  async #checkFirst(count: number): Promise<number> {
    let index = 0
    while (index < count) {
      const file = this.#settling.at(index)
      if (file === undefined) break
      const now = this.#confirmed.has(file.path) ? file : await this.#finder.lookClosely(file)
      if (now !== null && now.size === file.size && now.mtimeNs === file.mtimeNs) {
        this.#confirmed.add(file.path)
        index += 1
        continue
      }
      this.#settling.correct(file.path, now, this.#clock.monotonicMs())
      // Another order may have come of it.
      index = 0
    }
    return index
  }

  close(): void {
    this.#hint?.close()
  }

  async #firstLook(): Promise<FoundFile[]> {
    try {
      return await this.#finder.look()
    } catch (error) {
      throw fileError(this.#rules.task, `watch "${this.#rules.root}"`, error)
    }
  }

  /** Nothing is left of what was there at the beginning. */
  #noteFlushed(): void {
    if (!this.isFlushing || this.ready > 0) return
    this.#existing = null
    this.#isFlushed = true
  }

  #mark(): FileMark {
    return [...this.#seen.mark(), this.#isFlushed]
  }
}

const MIN_PAUSE_MS = 5
const MIN_HINT_REST_MS = 50

function isFile(file: FoundFile | undefined): file is FoundFile {
  return file !== undefined
}
