import { once } from 'node:events'
import { Flags } from '@oclif/core'
import type { Client, MeshEventView, MonitorBatch } from '../../src/index.ts'
import { BaseCommand } from '../base-command.ts'
import { UsageError } from '../error-report.ts'
import type { Surface } from '../render/colours.ts'

/** Nobody should wonder whether it still watches. */
const QUIET_AFTER_MS = 15_000
const NO_LIMIT = Number.MAX_SAFE_INTEGER

export default class Monitor extends BaseCommand<typeof Monitor> {
  static override summary = 'Follow what happens in the whole mesh, one line an event.'
  static override description = [
    'Runs, tasks and peers: every start, end, skip, failure, retry, takeover, loss, join, drain and death.',
    'Read from the ledger: nothing is missed, and no peer has to be alive.',
    'Ctrl-C ends it; with --run it ends with the run. With --json: one JSON object a line.',
  ].join(' ')

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    { command: '<%= config.bin %> <%= command.id %> --errors --since 8h', description: 'What went wrong tonight?' },
    {
      command: '<%= config.bin %> <%= command.id %> --run phasid-7kf3q2d --json | jq -r .event',
      description: 'For a script.',
    },
  ]
  static override flags = {
    // First, since the help aligns all flags with the first one.
    errors: Flags.boolean({ char: 'e', summary: 'Only what went wrong, even if it was mended.' }),
    run: Flags.string({ summary: 'Only this run.', helpValue: 'RUN' }),
    peer: Flags.string({ summary: 'Only what this peer does, by its name.', helpValue: 'NAME' }),
    queue: Flags.string({ summary: 'Only tasks of this queue.', helpValue: 'NAME' }),
    since: Flags.string({ summary: 'Begin with what happened so long ago: 30s, 10m, 8h.', helpValue: 'TIME' }),
  }

  async run(): Promise<void> {
    const { since, run } = this.flags
    const sinceMs = since === undefined ? undefined : Date.now() - durationOf(since)
    const { StopSignals, exitCodeOf } = await import('../stop-signals.ts')
    const client = await this.client()
    if (run !== undefined && sinceMs === undefined && (await this.#hasEnded(client, run))) return
    const signals = new StopSignals()
    try {
      await this.#follow(
        client.monitor({
          signal: signals.first,
          ...(run ? { run } : {}),
          ...(sinceMs === undefined ? {} : { sinceMs }),
        }),
      )
      if (signals.firstReceived !== undefined) this.exit(exitCodeOf(signals.firstReceived))
    } finally {
      signals.close()
    }
  }

  async #hasEnded(client: Client, id: string): Promise<boolean> {
    const { run, state } = await client.run(id)
    if (state === 'running') return false
    this.note(`${run} had ended before: ${state}. What happened in it: lf workflow show ${run}, or --since here.`)
    return true
  }

  async #follow(batches: AsyncIterable<MonitorBatch>): Promise<void> {
    const remarks = new Remarks(text => this.note(text))
    const { eventLine } = await import('../render/event-line.ts')
    for await (const batch of batches) {
      remarks.on(batch)
      for (const event of batch.events.filter(one => this.#isWanted(one))) {
        const text = this.jsonEnabled() ? JSON.stringify(event) : eventLine(event, this.#surface())
        // A slow reader slows the reading down, not this process's memory up.
        if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain')
      }
      if (batch.events.some(({ event, run }) => event === 'run-ended' && run === this.flags.run)) return
    }
  }

  #isWanted(event: MeshEventView): boolean {
    const { run, peer, queue, errors } = this.flags
    return (
      (run === undefined || event.run === run) &&
      (peer === undefined || event.peer === peer) &&
      (queue === undefined || event.queue === queue) &&
      (!errors || event.bad === true)
    )
  }

  /** Lines for a file or a pipe are not cut. */
  #surface(): Surface {
    const surface = this.surface()
    return process.stdout.isTTY ? surface : { ...surface, columns: NO_LIMIT }
  }
}

/** What is said beside the events, on stderr: where the mesh stands, that it is quiet, that the ledger does not answer. */
class Remarks {
  readonly #say: (text: string) => void
  #begun = false
  #failing = false
  #lastEventMs = performance.now()
  #saidQuiet = false

  constructor(say: (text: string) => void) {
    this.#say = say
  }

  on({ events, livePeers, runningRuns, failing }: MonitorBatch): void {
    if (failing !== null) {
      if (!this.#failing) this.#say(`The ledger does not answer: ${failing.message} Trying again; nothing is missed.`)
      this.#failing = true
      return
    }
    if (this.#failing) this.#say('The ledger answers again.')
    this.#failing = false
    const standing = `${count(livePeers, 'peer')} alive, ${runningRuns === 0 ? 'no run' : count(runningRuns, 'run')} under way`
    if (!this.#begun) this.#say(`Watching: ${standing}.`)
    this.#begun = true
    if (events.length > 0) {
      this.#lastEventMs = performance.now()
      this.#saidQuiet = false
    } else if (!this.#saidQuiet && performance.now() - this.#lastEventMs > QUIET_AFTER_MS) {
      this.#saidQuiet = true
      this.#say(`Quiet: ${standing}${livePeers === 0 ? '; start a peer with: lf node' : ''}.`)
    }
  }
}

const UNITS_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function durationOf(text: string): number {
  const [, number, unit] = /^(\d+)([smhd])$/.exec(text) ?? []
  if (number === undefined || unit === undefined) {
    throw new UsageError(`--since: "${text}" is no time.`, 'Give a whole number and s, m, h or d: 10m.')
  }
  return Number(number) * UNITS_MS[unit]!
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
