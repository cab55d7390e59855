/**
 * What a trigger keeps in its run's store, so that whichever peer goes on with it misses nothing and repeats nothing: the batch that is being
 * handed over, and how far the source has been read. Both are one value, changed in one write.
 */
import type { Context } from '../../workflow/context.ts'
import type { TaskNotes } from '../../workflow/task-call.ts'
import { shortHash } from '../files/part-files.ts'

export interface BatchState<Item> {
  /** Batches so far; the number of the one that is pending. */
  number: number
  /** Items handed over so far, those that are pending included. */
  handed: number
  /** Handed over, and not known to be dealt with; null = none. */
  pending: Item[] | null
  /** Attempts that were cut off in the middle of this batch. */
  deaths: number
  /** Of the task, when the batch was last handed over. */
  attempt: number
  /** How far the source has been read, pending items included: its own affair. */
  mark: unknown
}

type Kept<Item> = [number, number, Item[] | null, number, number, unknown]

export class BatchBook<Item> {
  readonly #notes: TaskNotes
  readonly #path: string

  constructor(context: Context, notes: TaskNotes) {
    this.#notes = notes
    this.#path = `triggers.${shortHash(`${context.dagName}/${context.taskName}`)}`
  }

  /** Null before the first write. */
  async read(): Promise<BatchState<Item> | null> {
    const kept = await this.#notes.get<Kept<Item>>(`${this.#path}.batch`)
    if (kept === null) return null
    const [number, handed, pending, deaths, attempt, mark] = kept
    return { number, handed, pending, deaths, attempt, mark }
  }

  async write({ number, handed, pending, deaths, attempt, mark }: BatchState<Item>): Promise<void> {
    // A list is one value of the store, an object would be many.
    const kept: Kept<Item> = [number, handed, pending, deaths, attempt, mark]
    await this.#notes.set(`${this.#path}.batch`, kept)
  }

  /** Pages are written once and before the batch that follows from them. */
  async readPage(page: number): Promise<Uint8Array> {
    return (await this.#notes.get<Uint8Array>(`${this.#path}.pages.${page}`)) ?? new Uint8Array()
  }

  async writePage(page: number, bytes: Uint8Array): Promise<void> {
    await this.#notes.set(`${this.#path}.pages.${page}`, bytes)
  }
}
