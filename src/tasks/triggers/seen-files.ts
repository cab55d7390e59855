/**
 * Which files were handed over, or left out from the beginning: 16 bytes of each, in pages of the run's store. The time of the newest would
 * not do (copies come with old times), nor would what is in the folder (a share that is away for a moment would come back as new).
 */
import { createHash } from 'node:crypto'
import { LightflowError } from '../../core/errors.ts'
import type { FoundFile } from './settling.ts'

export interface PageStore {
  readPage(page: number): Promise<Uint8Array>
  writePage(page: number, bytes: Uint8Array): Promise<void>
}

/** `[number of full pages, the page that is being filled]` */
export type SeenMark = [pages: number, current: Uint8Array]

const PRINT_BYTES = 16
/** The page that is being filled is written with every batch: small. */
const MAX_CURRENT_BYTES = 512 * PRINT_BYTES
/** Pages of what is there at the beginning. */
const MAX_PAGE_BYTES = 16_384 * PRINT_BYTES
/** Beyond it the task fails with `LF_TRIGGER_FILES`: they are all kept in memory, about 60 bytes each. */
const MAX_SEEN_FILES = 1_000_000

export interface SeenRules {
  task: string
  /** A file that is written anew counts as seen. */
  ignoreRewritten: boolean
}

export class SeenFiles {
  readonly #rules: SeenRules
  readonly #pages: PageStore
  readonly #prints = new Set<string>()
  #fullPages = 0
  #current: Uint8Array[] = []

  constructor(pages: PageStore, rules: SeenRules) {
    this.#pages = pages
    this.#rules = rules
  }

  get size(): number {
    return this.#prints.size
  }

  async load([pages, current]: SeenMark): Promise<void> {
    for (let page = 0; page < pages; page++) this.#learn(await this.#pages.readPage(page))
    this.#learn(current)
    this.#fullPages = pages
    this.#current = [...printsOf(current)]
  }

  has(file: FoundFile): boolean {
    return this.#prints.has(nameOf(this.#printOf(file)))
  }

  /** Throws `LF_TRIGGER_FILES`. Full pages are written before it resolves; the rest is in the mark. */
  async add(files: readonly FoundFile[]): Promise<void> {
    for (const file of files) {
      const print = this.#printOf(file)
      if (this.#prints.has(nameOf(print))) continue
      if (this.#prints.size >= MAX_SEEN_FILES) throw tooMany(this.#rules.task)
      this.#prints.add(nameOf(print))
      this.#current.push(print)
      if (this.#current.length * PRINT_BYTES >= MAX_PAGE_BYTES) await this.#turnPage()
    }
    if (this.#current.length * PRINT_BYTES >= MAX_CURRENT_BYTES) await this.#turnPage()
  }

  mark(): SeenMark {
    return [this.#fullPages, bytesOf(this.#current)]
  }

  /** Until the next mark is written, the last one has the same files in its own page. */
  async #turnPage(): Promise<void> {
    await this.#pages.writePage(this.#fullPages, bytesOf(this.#current))
    this.#fullPages += 1
    this.#current = []
  }

  #learn(bytes: Uint8Array): void {
    for (const print of printsOf(bytes)) this.#prints.add(nameOf(print))
  }

  #printOf({ path, mtimeNs, size }: FoundFile): Uint8Array {
    const what = this.#rules.ignoreRewritten ? path : `${path}\0${mtimeNs}\0${size}`
    return createHash('sha256').update(what).digest().subarray(0, PRINT_BYTES)
  }
}

function bytesOf(prints: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(prints))
}

function* printsOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += PRINT_BYTES) yield bytes.subarray(at, at + PRINT_BYTES)
}

function nameOf(print: Uint8Array): string {
  return Buffer.from(print).toString('latin1')
}

function tooMany(task: string): LightflowError {
  return new LightflowError(
    'LF_TRIGGER_FILES',
    `The task "${task}" has seen ${MAX_SEEN_FILES} files, which is its limit.`,
    {
      hint: 'Watch a folder of one experiment, or narrow the pattern, and start a new run.',
    },
  )
}
