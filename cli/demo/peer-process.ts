/** A peer as a process of its own: `lf node`, started, watched and ended by the one who needs it. Used by the demo and by tests. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface PeerProcessOptions {
  name: string
  home: string
  capacity?: number
  /** Further arguments of `lf node`. */
  args?: readonly string[]
  env?: NodeJS.ProcessEnv
  /** Words before the command: a program that becomes it, so that signals reach the peer. */
  through?: readonly string[]
}

export interface ReadyLine {
  name: string
  peer: string
  session: string
  addrs: string[]
  ledger: string
  pid: number
}

/** What a peer wrote to stderr last is kept, to tell why it did not start. */
const MAX_ERROR_TEXT_LENGTH = 20_000
/** On a busy machine a peer may take long to load: it needs 2 s of a processor for itself. */
const READY_WITHIN_MS = 90_000

export class PeerProcess {
  readonly name: string
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>
  #errorText = ''

  private constructor(name: string, child: ChildProcess) {
    this.name = name
    this.#child = child
    this.#exited = once(child, 'exit').then(([code]) => code as number | null)
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errorText = (this.#errorText + text).slice(-MAX_ERROR_TEXT_LENGTH)
    })
  }

  /** Resolves when the peer says that it is ready; throws, with what it wrote, when it ends before or takes too long. */
  static async start(options: PeerProcessOptions): Promise<{ process: PeerProcess; ready: ReadyLine }> {
    const { name, home, capacity = 2, args = [], env = process.env, through = [] } = options
    const lf = fileURLToPath(
      new URL(import.meta.url.endsWith('.ts') ? '../../bin/lf.js' : '../../../bin/lf.js', import.meta.url),
    )
    const node = [process.execPath, lf, 'node', '--json', '--name', name, '--capacity', String(capacity), ...args]
    const [command = process.execPath, ...words] = [...through, ...node]
    const child = spawn(command, words, { env: { ...env, LF_HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] })
    const peer = new PeerProcess(name, child)
    return { process: peer, ready: await peer.#readyLine() }
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The end of its log. */
  get errorText(): string {
    return this.#errorText
  }

  kill(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal)
  }

  /** Exit code; null when a signal ended it. */
  exited(): Promise<number | null> {
    return this.running ? this.#exited : Promise.resolve(this.#child.exitCode)
  }

  /** Asks it to leave; after `withinMs` it is ended by force. Returns its exit code. */
  async stop(withinMs = 10_000): Promise<number | null> {
    if (!this.running) return this.#child.exitCode
    this.kill('SIGTERM')
    const timer = setTimeout(() => this.kill('SIGKILL'), withinMs)
    try {
      return await this.exited()
    } finally {
      clearTimeout(timer)
    }
  }

  async #readyLine(): Promise<ReadyLine> {
    const lines = createInterface({ input: this.#child.stdout! })
    const timer = setTimeout(() => this.kill('SIGKILL'), READY_WITHIN_MS)
    try {
      for await (const line of lines) {
        const { ready } = JSON.parse(line) as { ready?: ReadyLine }
        if (ready !== undefined) return ready
      }
    } finally {
      clearTimeout(timer)
      // Its later output, if any, is read to the end and dropped, so that it never blocks.
      this.#child.stdout?.resume()
    }
    throw new Error(`peer ${this.name} did not start:\n${this.#errorText}`)
  }
}
