/** A peer that drains or was evicted, in the terminal. Pure: view in, text out. */
import type { DrainView, EvictView, PeerWorkView } from '../../src/index.ts'
import { badgeOf, dot, PEER_LOOKS, symbolOf, TASK_LOOKS, type Surface } from './colours.ts'
import { shortTask } from './dag-blocks.ts'
import { formatAge } from './duration.ts'
import { harmless, truncate, wrap } from './text.ts'

const MAX_TASKS_SHOWN = 10

type Held = EvictView['tasks'][number]

/** One sentence: where the drain stands. */
export function drainLine({ name, state, heard, running, silentMs, payloads }: DrainView): string {
  const peer = harmless(name)
  if (state === 'left') return `${peer} has left${leftBehind(payloads)}`
  if (state === 'dead') return `${peer} was declared dead before it had finished`
  const silent = silentMs > 0 ? `, no beat for ${formatAge(silentMs)}` : ''
  if (!heard) return `${peer} was asked to drain${silent}`
  if (running.length === 0 && payloads !== undefined && payloads.leaving > 0) {
    return `${peer} hands on ${countPayloads(payloads.leaving)} that runs need${silent}`
  }
  return `${peer} drains: ${countTasks(running.length)} still ${running.length === 1 ? 'runs' : 'run'}${silent}`
}

function leftBehind(payloads: DrainView['payloads']): string {
  if (payloads === undefined) return ''
  const { handedOn, leaving } = payloads
  if (leaving === 0) return `; other peers hold the ${countPayloads(handedOn)} that runs need of it`
  return `, with ${countPayloads(leaving)} that runs need and no other peer took: unless the peer comes back, what made ${leaving === 1 ? 'it' : 'them'} runs again, or what needs ${leaving === 1 ? 'it' : 'them'} fails (made by an exclusive task, or given to a DAG)`
}

function countPayloads(count: number): string {
  return `${count} ${count === 1 ? 'payload' : 'payloads'}`
}

/** The picture that is repainted while somebody waits. */
export function drainFrame(view: DrainView, surface: Surface, startedAt: number): string {
  const fits = fitter(surface)
  const badge = badgeOf(PEER_LOOKS.draining, surface)
  const facts = [`${badge} ${harmless(view.name)}`, surface.palette.dim(formatAge(surface.now - startedAt))]
  const tasks = view.running.slice(0, MAX_TASKS_SHOWN).map(task => `    ${harmless(task)}`)
  const more = view.running.length - tasks.length
  return [
    `  ${facts.join(dot(surface))}`,
    `  ${view.running.length === 0 ? nothingRuns(view) : `${countTasks(view.running.length)} to finish:`}`,
    ...tasks,
    ...(more > 0 ? [`    and ${more} more`] : []),
    ...(view.silentMs > 0 ? [surface.palette.yellow(`  no beat for ${formatAge(view.silentMs)}`)] : []),
  ]
    .map(fits)
    .join('\n')
}

function nothingRuns({ payloads }: DrainView): string {
  if (payloads === undefined || payloads.leaving === 0) return 'nothing runs there any more'
  return `${countPayloads(payloads.leaving)} that runs need to hand on`
}

/** What else somebody who asked for a drain must know. */
export function drainRemarks({ name, silentMs, unservedQueues, heard }: DrainView): string[] {
  const peer = harmless(name)
  const silent =
    silentMs > 0 && !heard
      ? [
          `It has sent no beat for ${formatAge(silentMs)}: frozen, or cut off from the ledger. It drains when it wakes.`,
          `To bury it now and let others take over what it holds: lf mesh evict ${peer}`,
        ]
      : []
  const queues = unservedQueues.map(harmless)
  const unserved =
    queues.length === 0
      ? []
      : [
          `No other peer serves ${queues.length === 1 ? 'queue' : 'the queues'} ${queues.join(', ')}: what comes there waits.`,
        ]
  return [...silent, ...unserved]
}

/** What an eviction would do, before it is confirmed. */
export function evictQuestion({ name, host, pid, tasks }: PeerWorkView, surface: Surface): string {
  const exclusive = tasks.filter(({ effect }) => effect === 'exclusive')
  const lines = [
    `${harmless(name)} (process ${pid} on ${harmless(host)}) holds ${countTasks(tasks.length)}.`,
    tasks.length === 0
      ? 'Evicted, it ends and does not come back by itself.'
      : 'Evicted, it ends what it runs, and other peers run that again from its beginning.',
    ...(exclusive.length === 0
      ? []
      : [
          `${exclusive.length === 1 ? 'One is exclusive and becomes' : `${exclusive.length} are exclusive and become`} lost, until somebody decides:`,
        ]),
    ...exclusive.slice(0, MAX_TASKS_SHOWN).map(({ id }) => `- ${harmless(id)}`),
    ...(tasks.length === 0 ? [] : [`To let it finish first: lf mesh drain ${harmless(name)}`]),
  ]
  return lines.map(line => wrap(line, surface.columns)).join('\n')
}

export function evictText({ name, tasks }: EvictView, surface: Surface): string {
  const held = tasks.length === 0 ? 'it held no task' : `it held ${countTasks(tasks.length)}`
  const lost = tasks.filter(({ state }) => state === 'lost')
  const rows = [...lost, ...tasks.filter(({ state }) => state !== 'lost')]
  const shown = rows.slice(0, Math.max(MAX_TASKS_SHOWN, lost.length))
  return [
    `${harmless(name)} is evicted: ${held}`,
    ...shown.flatMap(task => heldLines(task, surface)),
    ...(rows.length > shown.length ? [surface.palette.dim(`  and ${rows.length - shown.length} more`)] : []),
  ].join('\n')
}

function heldLines(task: Held, surface: Surface): string[] {
  const { palette, now } = surface
  const line = `${symbolOf(TASK_LOOKS[task.state], surface)} ${became(task, now)}: ${harmless(task.run)}/${harmless(shortTask(task.id))}`
  const lines = `  ${wrap(line, surface.columns - 2, 6)}`.split('\n')
  if (task.state !== 'lost') return lines
  const command = `lf workflow resolve ${harmless(task.run)} ${harmless(task.task)}`
  const decide = wrap(`${command} --run-again, or --give-up`, surface.columns, 6)
  return [...lines, ...`      ${decide}`.split('\n').map(palette.dim)]
}

function became({ state, notBefore, peer }: Held, now: number): string {
  if (state === 'lost') return 'lost'
  if (state === 'claimed') return `on ${harmless(peer ?? '')}`
  if (state !== 'ready') return TASK_LOOKS[state].label
  const waitMs = notBefore === undefined ? 0 : Date.parse(notBefore) - now
  return waitMs > 0 ? `for another peer in ${formatAge(waitMs)}` : 'for another peer'
}

function countTasks(count: number): string {
  return count === 0 ? 'no task' : `${count} ${count === 1 ? 'task' : 'tasks'}`
}

function fitter({ columns, unicode }: Surface): (line: string) => string {
  return line => truncate(line, columns, { ascii: !unicode })
}
