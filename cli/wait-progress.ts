/** Waits for a run to end and shows how far it is, on stderr: stdout keeps the run id alone. */
import type { Client, RunView } from '../src/index.ts'
import { LiveView } from './live-view.ts'
import type { Surface } from './render/colours.ts'
import { waitFrame, waitLine } from './render/wait-view.ts'
import { StopSignals, type StopSignal } from './stop-signals.ts'

/** The elapsed time moves even when nothing else does. */
const REPAINT_EVERY_MS = 250
/** In logs at most one line in this time, whatever the number of tasks. */
const LINE_EVERY_MS = 2000

export interface Waiting {
  run: RunView
  /** Somebody stopped waiting; the run goes on. */
  interrupted: StopSignal | undefined
}

export interface WaitOptions {
  client: Client
  run: string
  /** Undefined: shows nothing. */
  stream: NodeJS.WriteStream | undefined
  surface: () => Surface
}

export async function waitForRun({ client, run, stream, surface }: WaitOptions): Promise<Waiting> {
  const signals = new StopSignals()
  const progress = stream === undefined ? undefined : await Progress.on(stream, surface)
  try {
    const onProgress = (view: RunView): void => progress?.show(view)
    const ended = await client.wait(run, { signal: signals.first, onProgress })
    return { run: ended, interrupted: ended.state === 'running' ? signals.firstReceived : undefined }
  } finally {
    progress?.close()
    signals.close()
  }
}

class Progress {
  readonly #view: LiveView
  readonly #stream: NodeJS.WriteStream
  readonly #surface: () => Surface
  readonly #timer: NodeJS.Timeout
  #run: RunView | undefined
  #line = ''
  #lineAt = Number.NEGATIVE_INFINITY

  private constructor(view: LiveView, stream: NodeJS.WriteStream, surface: () => Surface) {
    this.#view = view
    this.#stream = stream
    this.#surface = surface
    this.#timer = stream.isTTY
      ? setInterval(() => this.#paint(), REPAINT_EVERY_MS)
      : setInterval(() => this.#printDue(), LINE_EVERY_MS)
  }

  static async on(stream: NodeJS.WriteStream, surface: () => Surface): Promise<Progress> {
    return new Progress(await LiveView.on(stream), stream, surface)
  }

  show(run: RunView): void {
    this.#run = run
    if (this.#stream.isTTY) this.#paint()
    else this.#print(run)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#view.clear()
  }

  #paint(): void {
    if (this.#run !== undefined) this.#view.draw(waitFrame(this.#run, this.#surface()))
  }

  #print(run: RunView): void {
    const { now } = this.#surface()
    if (now - this.#lineAt < LINE_EVERY_MS && run.state === 'running') return
    this.#lineAt = now
    this.#printDue()
  }

  /** What came too soon after the line before, and nothing after it. */
  #printDue(): void {
    const line = this.#run === undefined ? this.#line : waitLine(this.#run)
    if (line === this.#line) return
    this.#line = line
    this.#stream.write(`${line}\n`)
  }
}
