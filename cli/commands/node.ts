import { availableParallelism } from 'node:os'
import { Flags } from '@oclif/core'
import type { NodeOptions, PeerHandle } from '../../src/index.ts'
import { BaseCommand } from '../base-command.ts'
import { door } from '../connect.ts'
import { EXIT, UsageError } from '../error-report.ts'
import type { LogLevel, NodeLog } from '../node-log.ts'
import type { StopSignals } from '../stop-signals.ts'

const MAX_ADDRS_SHOWN = 2
const MAX_CAPACITY = 1024

const list = (summary: string, helpValue: string) =>
  Flags.string({ summary: `${summary} (repeatable).`, helpValue, multiple: true, multipleNonGreedy: true })

export default class Node extends BaseCommand<typeof Node> {
  static override summary = 'Run a peer in the foreground.'
  static override description =
    'Prints one line when it is ready; the log goes to stderr. SIGTERM or Ctrl-C drains: it takes no new tasks, finishes those that run and leaves. A second one stops at once, and other peers run those tasks again.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'A peer for GPU tasks only, two at once.',
      command: '<%= config.bin %> <%= command.id %> --name gpu-1 --queues gpu --capacity 2',
    },
    {
      description: 'On a network without multicast, name one peer that is there.',
      command: '<%= config.bin %> <%= command.id %> --join /ip4/10.0.4.17/tcp/4117 --no-mdns',
    },
  ]
  static override flags = {
    name: Flags.string({
      summary: "Name of the peer. Default: the host's, with a number when it is taken.",
      helpValue: 'NAME',
    }),
    queues: Flags.string({
      summary: 'Queues to serve, separated by commas.',
      helpValue: 'A,B',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
      default: ['task'],
    }),
    resource: list('What it has of what tasks need, as NAME=NUMBER', 'gpu=2'),
    capacity: Flags.integer({
      summary: 'How many tasks to run at once. Default: the number of CPUs.',
      helpValue: 'N',
      min: 1,
      max: MAX_CAPACITY,
    }),
    listen: list('Multiaddr to listen on', 'ADDR'),
    announce: list('Multiaddr under which others reach this peer, behind NAT or in a container', 'ADDR'),
    join: list('Multiaddr of a peer that is there, dialled besides those in the ledger', 'ADDR'),
    'no-mdns': Flags.boolean({ summary: 'Do not look for peers by multicast.' }),
    'no-gossip': Flags.boolean({ summary: 'Send and hear no hints.', hidden: true }),
    workflows: list('Folder with workflows. Default: LF_WORKFLOWS, else ./workflows and ./examples', 'DIR'),
    label: list('Label that others see, as KEY=VALUE', 'K=V'),
    'log-level': Flags.string({
      summary: 'Log this and what is worse.',
      options: ['debug', 'info', 'warn', 'error'],
      default: 'info',
      env: 'LF_LOG_LEVEL',
    }),
    'log-json': Flags.boolean({ summary: 'Log JSON, one object a line.' }),
  }

  /** A peer does its work whether or not somebody reads its output. */
  protected override endsWithItsReader = false

  async run(): Promise<void> {
    const { StopSignals, exitCodeOf } = await import('../stop-signals.ts')
    const options = this.#options()
    const log = await this.#log()
    const signals = new StopSignals()
    const asked = signals.next()
    const leaving = new AbortController()
    const starting = door.startPeer({ ...options, log, signal: leaving.signal })
    const first = await Promise.race([starting, asked])
    if (typeof first === 'string') {
      // Nothing runs yet: it stops waiting for its ledger, or leaves as soon as it has come, or at once when asked again.
      leaving.abort()
      await Promise.race([starting.then(peer => peer.stop()).catch(() => undefined), signals.next()])
      return this.exit(exitCodeOf(first))
    }
    this.#announce(first, options)
    const told = first.drainAsked.then(by => ({ by }))
    const ended = await Promise.race([asked, first.closed.then(() => undefined), told])
    // Asked by `lf mesh drain`, it waits for the same two signals as ever: the first one repeats the request.
    if (typeof ended === 'object') await this.#drainAsAsked(first, ended.by, { asked, signals, log })
    else if (ended !== undefined) await this.#drain(first, signals, log)
    log.tell(`peer ${first.name} has left the mesh`)
    this.#forceWhenStuck(first, log)
    return this.exit(EXIT.ok)
  }

  /** Resolves when the peer has drained; exits when a second signal comes first. */
  async #drain(peer: PeerHandle, signals: StopSignals, log: NodeLog): Promise<void> {
    const { exitCodeOf } = await import('../stop-signals.ts')
    log.tell(`draining: ${tasksToFinish(peer)}; again to stop at once`)
    const insisted = await Promise.race([signals.next(), peer.drain().then(() => undefined)])
    if (insisted === undefined) return
    log.tell('stopping at once: other peers run the unfinished tasks again')
    await Promise.race([peer.stop(), signals.next()])
    this.#forceWhenStuck(peer, log)
    this.exit(exitCodeOf(insisted))
  }

  async #drainAsAsked(
    peer: PeerHandle,
    by: string,
    { asked, signals, log }: { asked: Promise<unknown>; signals: StopSignals; log: NodeLog },
  ): Promise<void> {
    log.tell(`draining, as ${by} asked: ${tasksToFinish(peer)}`)
    const ended = await Promise.race([asked, peer.closed.then(() => undefined)])
    if (ended !== undefined) await this.#drain(peer, signals, log)
  }

  /** A thread that waits for a disk or a device that does not answer keeps a process from ending in order. */
  #forceWhenStuck(peer: PeerHandle, log: NodeLog): void {
    if (peer.stuckThreads() === 0) return
    log.tell('a task sits in a system call that does not return: the process ends by force')
    process.kill(process.pid, 'SIGKILL')
  }

  #announce(peer: PeerHandle, { queues = [], capacity = 0, resources = {} }: NodeOptions): void {
    const { name, session, ledger } = peer
    const addrs = peer.addrs()
    if (this.jsonEnabled()) {
      const ready = { name, peer: peer.peer, session, addrs, ledger, pid: process.pid }
      process.stdout.write(`${JSON.stringify({ ready })}\n`)
      return
    }
    const tasks = `${capacity} ${capacity === 1 ? 'task' : 'tasks'} at once`
    const offered = Object.entries(resources).map(([name, amount]) => `, ${name}=${amount}`)
    const served = `${queues.length === 1 ? 'queue' : 'queues'} ${queues.join(', ')}${offered.join('')}`
    const more = addrs.length > MAX_ADDRS_SHOWN ? ` and ${addrs.length - MAX_ADDRS_SHOWN} more` : ''
    const listening =
      addrs.length === 0 ? 'not listening' : `listening on ${addrs.slice(0, MAX_ADDRS_SHOWN).join(' ')}${more}`
    this.log(`peer ${name} is ready: ${tasks}, ${served}; ledger ${ledger}; ${listening}`)
  }

  #options(): NodeOptions {
    const { name, queues, listen, announce, join, label = [] } = this.flags
    const served = [...new Set(queues.map(queue => queue.trim()).filter(queue => queue !== ''))]
    if (served.length === 0)
      throw new UsageError(
        'A peer needs a queue to serve.',
        'Name one with --queues, or leave the flag out for the queue "task".',
      )
    return {
      ...this.clientOptions(),
      queues: served,
      capacity: this.flags.capacity ?? availableParallelism(),
      mdns: !this.flags['no-mdns'],
      gossip: !this.flags['no-gossip'],
      labels: labelsOf(label),
      resources: resourcesOf(this.flags.resource ?? []),
      ...(name ? { name } : {}),
      ...(listen ? { listen } : {}),
      ...(announce ? { announce } : {}),
      ...(join ? { join } : {}),
    }
  }

  async #log(): Promise<NodeLog> {
    const { isJournal, lineWriter, nodeLog } = await import('../node-log.ts')
    return nodeLog({
      level: this.flags['log-level'] as LogLevel,
      json: this.flags['log-json'],
      journal: isJournal(process.env),
      palette: this.surface(process.stderr).palette,
      write: lineWriter(process.stderr),
      now: Date.now,
    })
  }
}

function tasksToFinish(peer: PeerHandle): string {
  const busy = peer.attempts()
  return busy === 0 ? 'no tasks to finish' : `${busy} ${busy === 1 ? 'task' : 'tasks'} to finish`
}

function resourcesOf(typed: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    typed.map(text => {
      const [, name, amount] = /^([^=]+)=(\d+)$/.exec(text) ?? []
      if (name === undefined)
        throw new UsageError(`"${text}" is no resource.`, 'Give resources as NAME=NUMBER: --resource gpu=2.')
      return [name, Number(amount)]
    }),
  )
}

function labelsOf(typed: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    typed.map(text => {
      const at = text.indexOf('=')
      if (at <= 0) throw new UsageError(`"${text}" is no label.`, 'Give labels as KEY=VALUE: --label rack=7.')
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}
