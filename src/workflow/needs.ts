/**
 * What tasks need besides a place: GPUs, licences, gigabytes, by name and number. Such a task stands in a queue of its own, named after its
 * queue and its needs (`task:gpu=1`), and a peer serves all such queues that it has enough for. So nothing that ledgers and peers know of
 * queues has to be known again of needs. Names of queues that people give never hold a colon.
 */
import { LightflowError } from '../core/errors.ts'
import { checkName } from '../../protocols/ids.ts'

/** Whole numbers from 1, by name. */
export type Amounts = Readonly<Record<string, number>>

/** Of one thing: more units than that are counted in larger ones. */
const MAX_AMOUNT = 256
const MAX_KINDS = 4
/** With their needs: what a peer asks the ledger for at once. */
const MAX_QUEUES_SERVED = 1024

/** Throws `LF_NEEDS` unless `given` are amounts. `what` begins the sentence: `The task "fit" needs`. */
export function checkAmounts(what: string, given: unknown): Amounts {
  const entries = typeof given === 'object' && given !== null && !Array.isArray(given) ? Object.entries(given) : null
  if (entries === null || entries.length > MAX_KINDS) throw wrongAmounts(what)
  for (const [name, amount] of entries) {
    checkName('resource', name)
    if (/[=,]/.test(name) || !isAmount(amount)) throw wrongAmounts(what)
  }
  return Object.freeze(Object.fromEntries(entries))
}

function isAmount(amount: unknown): boolean {
  return Number.isInteger(amount) && (amount as number) >= 1 && (amount as number) <= MAX_AMOUNT
}

function wrongAmounts(what: string): LightflowError {
  return new LightflowError('LF_NEEDS', `${what} resources as names with whole numbers from 1 to ${MAX_AMOUNT}.`, {
    hint: `For instance gpu and 1; at most ${MAX_KINDS} names. Count large things in larger units: gigabytes, not bytes.`,
  })
}

export interface NeedyQueue {
  queue: string
  needs: Amounts
}

export function queueWithNeeds(queue: string, needs: Amounts): string {
  const parts = Object.entries(needs).sort(([one], [other]) => (one < other ? -1 : 1))
  return parts.length === 0 ? queue : `${queue}:${parts.map(([name, amount]) => `${name}=${amount}`).join(',')}`
}

export function parseQueue(text: string): NeedyQueue {
  const colon = text.indexOf(':')
  if (colon === -1) return { queue: text, needs: {} }
  const parts = text.slice(colon + 1).split(',')
  const needs = parts.map(part => [part.slice(0, part.indexOf('=')), Number(part.slice(part.indexOf('=') + 1))])
  return { queue: text.slice(0, colon), needs: Object.fromEntries(needs) as Amounts }
}

export function hasNeeds(queue: string): boolean {
  return queue.includes(':')
}

/** These queues, and each of them with all needs that `resources` can serve. Throws `LF_NEEDS` when these are too many. */
export function servedQueues(queues: readonly string[], resources: Amounts): string[] {
  let needs: Amounts[] = [{}]
  for (const [name, amount] of Object.entries(resources)) {
    const more = Array.from({ length: amount }, (_, index) => index + 1)
    needs = needs.flatMap(before => [before, ...more.map(count => ({ ...before, [name]: count }))])
    if (needs.length * queues.length > MAX_QUEUES_SERVED) throw tooMany()
  }
  return queues.flatMap(queue => needs.map(each => queueWithNeeds(queue, each)))
}

function tooMany(): LightflowError {
  return new LightflowError('LF_NEEDS', 'A peer cannot offer so much of so many resources on so many queues.', {
    hint: `The combinations are limited to ${MAX_QUEUES_SERVED}. Count in larger units, or serve fewer queues.`,
  })
}

/** What was given to {@link servedQueues}, for people. */
export function describeServed(served: readonly string[]): { queues: string[]; resources: Amounts } {
  const resources: Record<string, number> = {}
  for (const { needs } of served.map(parseQueue)) {
    for (const [name, amount] of Object.entries(needs)) resources[name] = Math.max(resources[name] ?? 0, amount)
  }
  return { queues: served.filter(queue => !hasNeeds(queue)), resources }
}

/** Whether a peer that offers this would take tasks of that queue. */
export function serves(
  { queues, resources }: { queues: readonly string[]; resources: Amounts },
  queue: string,
): boolean {
  const wanted = parseQueue(queue)
  const isEnough = Object.entries(wanted.needs).every(([name, amount]) => (resources[name] ?? 0) >= amount)
  return isEnough && queues.includes(wanted.queue)
}

/** How to start a peer that serves all of these. `usual`: the queue that needs no naming. */
export function nodeCommand(queues: readonly string[], usual: string): string {
  const names = [...new Set(queues.map(queue => parseQueue(queue).queue))]
  const { resources } = describeServed(queues)
  const offers = Object.entries(resources).map(([name, amount]) => ` --resource ${name}=${amount}`)
  return `lf node${names.join() === usual ? '' : ` --queues ${names.join(',')}`}${offers.join('')}`
}

/** Of these queues those that need least: who cannot be served there cannot be served with more needs either. */
export function leastNeedy(queues: readonly string[]): string[] {
  return queues.filter(queue => {
    const { queue: name, needs } = parseQueue(queue)
    return !queues.some(other => other !== queue && serves({ queues: [name], resources: needs }, other))
  })
}
