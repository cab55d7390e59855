/** `lf node` on the hosts of a site, each host with an LF_HOME of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Site } from './site.ts'

const LF = fileURLToPath(new URL('../../../bin/lf.js', import.meta.url))
const MAX_ERROR_TEXT_LENGTH = 40_000
const READY_WITHIN_MS = 60_000

export interface SitePeerOptions {
  host: string
  /** Default: the host's. */
  name?: string
  queues: readonly string[]
  capacity?: number
  args?: readonly string[]
}

export class SitePeers {
  readonly #site: Site
  readonly #root: string
  readonly #ledger: string
  readonly #peers = new Map<string, { child: ChildProcess; errors: { text: string } }>()

  constructor(site: Site, { root, ledger }: { root: string; ledger: string }) {
    this.#site = site
    this.#root = root
    this.#ledger = ledger
  }

  /** Resolves when it is ready. */
  async start({ host, name = host, queues, capacity = 4, args = [] }: SitePeerOptions): Promise<void> {
    const [command, ...inside] = this.#site.host(host).space.enter(`host-${host}`)
    const node = [LF, 'node', '--json', '--name', name, '--queues', queues.join(','), '--capacity', String(capacity)]
    const env = { ...process.env, NO_COLOR: '1', LF_LEDGER: this.#ledger, LF_HOME: join(this.#root, host) }
    const child = spawn(command, [...inside, process.execPath, ...node, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const errors = { text: '' }
    this.#peers.set(name, { child, errors })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors.text = (errors.text + text).slice(-MAX_ERROR_TEXT_LENGTH)
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_WITHIN_MS)
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`peer ${name} ended:\n${errors.text}`)))
    ended.catch(() => {})
    await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])
    clearTimeout(timer)
    child.stdout.resume()
  }

  get names(): string[] {
    return Array.from(this.#peers.keys())
  }

  /** What a peer logged. */
  log(name: string): string {
    return this.#peers.get(name)?.errors.text ?? ''
  }

  isRunning(name: string): boolean {
    const child = this.#peers.get(name)?.child
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  async end(): Promise<void> {
    for (const { child } of this.#peers.values()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    this.#peers.clear()
  }
}
