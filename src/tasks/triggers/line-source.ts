/** The source of a trigger for new lines: follows a file that grows, also when it is rotated or begun anew. */
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import type { TaskTools } from '../../workflow/task-call.ts'
import { errnoOf, fileError } from '../files/file-errors.ts'
import { FolderHint } from './folder-hint.ts'
import { type FileMark, findRotated, GrownFile, inoOf, openNext } from './grown-file.ts'
import { Outage } from './outage.ts'
import type { TriggerSource } from './run-trigger.ts'

export interface LineSourceRules {
  task: string
  path: string
  pollMs: number
  useExisting: boolean
  flushExisting: boolean
  /** A last line without a line break is taken at the end when it stood still for so long; a rotated file is left when it did. */
  quietMs: number
}

/** `file`: null while there is none. `isFlushed`: what was there at the beginning was handed over, or left out. */
type LineMark = [file: FileMark | null, isFlushed: boolean]

interface QueuedLine {
  text: string
  /** Behind it. */
  mark: FileMark
}

/** Lines that wait; with more, they are handed over although they are no whole batch. */
const MAX_QUEUED_BYTES = 1024 * 1024
/** From one look to the next while there is more to read. */
const BUSY_PAUSE_MS = 1
/** The same when something changes again and again. */
const MIN_HINT_REST_MS = 20
/** Lines that were taken are forgotten when there are so many. */
const MAX_TAKEN_LINES = 1000

export class LineSource implements TriggerSource<string> {
  readonly what = 'lines'
  readonly #rules: LineSourceRules
  readonly #clock: Clock
  readonly #log: TaskTools
  readonly #outage: Outage
  #hint: FolderHint | null = null
  #file: GrownFile | null = null
  /** Where to go on, once the file can be opened. */
  #resumeAt: FileMark | null = null
  #queue: QueuedLine[] = []
  #taken = 0
  #queuedBytes = 0
  #lastMark: FileMark | null = null
  #hasMore = false
  #isEnding = false
  #quietSinceMs = 0
  #lookedMs = 0
  /** Size of the file at the beginning, up to which all is to be flushed. */
  #existingBytes: number | null = null
  #isFlushed = true

  constructor(rules: LineSourceRules, { clock, log }: { clock: Clock; log: TaskTools }) {
    this.#rules = rules
    this.#clock = clock
    this.#log = log
    this.#outage = new Outage(rules.path, clock, log)
  }

  get ready(): number {
    return this.#queue.length - this.#taken
  }

  get unready(): number {
    return this.#hasMore || (this.#isEnding && (this.#file?.rest ?? 0) > 0) ? 1 : 0
  }

  get isFlushing(): boolean {
    return this.#isFull || (this.#existingBytes !== null && (this.#lastMark?.[1] ?? 0) >= this.#existingBytes)
  }

  get pauseMs(): number {
    return this.#hasMore ? BUSY_PAUSE_MS : this.#rules.pollMs
  }

  get isHinted(): boolean {
    return this.#hint?.hasChanged === true && this.#clock.monotonicMs() - this.#lookedMs >= MIN_HINT_REST_MS
  }

  /** The file may come later; the folder in which it is to appear has to exist, for the first time. */
  async start(mark: unknown): Promise<LineMark> {
    const { task, path, useExisting, flushExisting } = this.#rules
    if (mark === null) {
      try {
        await stat(dirname(path))
        await this.#begin()
      } catch (error) {
        throw fileError(task, `watch "${path}"`, error)
      }
      this.#isFlushed = !useExisting || !flushExisting
    } else {
      ;[this.#lastMark, this.#isFlushed] = mark as LineMark
      this.#resumeAt = this.#lastMark
    }
    this.#hint = new FolderHint(dirname(path))
    this.#log.output('stdout', `watching ${path}${mark === null ? '' : ' again'}`)
    return [this.#lastMark, this.#isFlushed]
  }

  async look(isEnding: boolean): Promise<void> {
    this.#isEnding = isEnding
    this.#hint?.reset()
    try {
      if (this.#file === null) await this.#openAgain()
      if (this.#file !== null) await this.#follow(this.#file)
      this.#noteFlushed()
      this.#outage.over()
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
      this.#outage.began(error)
      await this.#reopenLater()
    }
    this.#lookedMs = this.#clock.monotonicMs()
  }

  async take(count: number): Promise<{ items: string[]; mark: LineMark } | null> {
    const lines = this.#queue.slice(this.#taken, this.#taken + count)
    const last = lines.at(-1)
    if (last === undefined) return null
    this.#taken += lines.length
    for (const { text } of lines) this.#queuedBytes -= text.length
    this.#forgetTaken()
    this.#noteFlushed()
    return { items: lines.map(({ text }) => text), mark: [last.mark, this.#isFlushed] }
  }

  close(): void {
    this.#hint?.close()
    void this.#file?.close().catch(() => {})
    this.#file = null
  }

  /** A line that somebody is writing at this moment is new, and comes whole. */
  async #begin(): Promise<void> {
    const { path, useExisting } = this.#rules
    const file = await GrownFile.open(path)
    if (file === null) return
    try {
      this.#resumeAt = await file.markAt(useExisting ? 0 : await file.lastLineAt())
      this.#lastMark = this.#resumeAt
    } finally {
      await file.close()
    }
  }

  async #openAgain(): Promise<void> {
    this.#hasMore = false
    this.#file = await this.#open()
    this.#quietSinceMs = this.#clock.monotonicMs()
    if (!this.#isFlushed && this.#existingBytes === null) this.#existingBytes = (await this.#file?.lastLineAt()) ?? 0
  }

  async #open(): Promise<GrownFile | null> {
    const mark = this.#resumeAt
    if (mark === null) return GrownFile.open(this.#rules.path)
    const { path } = this.#rules
    const there = await inoOf(path)
    if (there?.ino === mark[0]) return this.#goOn(path, mark, await GrownFile.matches(path, mark))
    const rotated = await findRotated(path, mark)
    if (rotated !== null) return this.#goOn(rotated, mark, true)
    // Some shares number their files anew each time: what begins with the same is the same.
    if (there !== null && mark[2] > 0 && (await GrownFile.matches(path, mark))) return this.#goOn(path, mark, true)
    if (there !== null) this.#tellLost(mark)
    return there === null ? null : this.#goOn(path, mark, false)
  }

  async #goOn(path: string, mark: FileMark, isSame: boolean): Promise<GrownFile | null> {
    const file = await GrownFile.open(path, isSame ? mark[1] : 0)
    if (file !== null) this.#resumeAt = null
    return file
  }

  async #follow(file: GrownFile): Promise<void> {
    const there = await inoOf(this.#rules.path)
    const isRotated = there !== null && there.ino !== file.ino
    if (!(await file.isIntact())) return this.#beginAnew(file)
    await this.#readOn(file)
    if (this.#hasMore) return
    const isQuiet = this.#clock.monotonicMs() - this.#quietSinceMs >= this.#rules.quietMs
    if (isRotated && (there.size > 0 || isQuiet)) return this.#leave(file)
    if (this.#isEnding && isQuiet) this.#push(file, file.end())
  }

  /** Until its end, or until enough lines wait. */
  async #readOn(file: GrownFile): Promise<void> {
    this.#hasMore = true
    while (!this.#isFull) {
      const lines = await file.read()
      if (lines === null) {
        this.#hasMore = false
        return
      }
      this.#quietSinceMs = this.#clock.monotonicMs()
      this.#push(file, lines)
    }
  }

  /** Who writes has gone on to a new file. */
  async #leave(file: GrownFile): Promise<void> {
    const { path } = this.#rules
    const next = await openNext(path, file.mark())
    if (next === null) return
    this.#push(file, file.end())
    const rotated =
      next.name === basename(path) ? 'the new file' : `${next.name}, which was rotated before anybody looked`
    this.#log.output('stdout', `${path} was rotated; going on with ${rotated}`)
    await this.#close(file)
    this.#file = next.file
    this.#quietSinceMs = this.#clock.monotonicMs()
    this.#hasMore = true
  }

  async #beginAnew(file: GrownFile): Promise<void> {
    const rest = file.rest > 0 ? `; ${file.rest} bytes of its last line, which had no end, are left out` : ''
    this.#log.output('stderr', `${this.#rules.path} was cut or written anew; reading it from its beginning${rest}`)
    await this.#close(file)
    this.#hasMore = true
  }

  async #close(file: GrownFile): Promise<void> {
    this.#file = null
    this.#existingBytes = null
    await file.close()
  }

  async #reopenLater(): Promise<void> {
    const file = this.#file
    if (file === null) return
    this.#resumeAt = file.mark()
    this.#file = null
    await file.close().catch(() => {})
  }

  #push(file: GrownFile, lines: readonly { text: string; end: number }[]): void {
    for (const { text, end } of lines) {
      const mark = file.mark(end)
      this.#queue.push({ text, mark })
      this.#queuedBytes += text.length
      this.#lastMark = mark
    }
  }

  get #isFull(): boolean {
    return this.#queuedBytes >= MAX_QUEUED_BYTES
  }

  #forgetTaken(): void {
    if (this.ready > 0 && this.#taken < MAX_TAKEN_LINES) return
    this.#queue = this.#queue.slice(this.#taken)
    this.#taken = 0
  }

  /** Nothing is left of what was there at the beginning. */
  #noteFlushed(): void {
    if (this.#isFlushed) return
    if (!this.isFlushing || this.ready > 0) return
    this.#existingBytes = null
    this.#isFlushed = true
  }

  #tellLost([, offset]: FileMark): void {
    this.#log.output(
      'stderr',
      `${this.#rules.path} is another file than before, and the one of which ${offset} bytes were read is not found; what came after them is missed`,
    )
  }
}
