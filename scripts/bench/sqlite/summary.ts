/** What the measurements of `play-sqlite.ts` amount to, as numbers and as a table. Pure. */
import type { ReportTable } from '../harness/report.ts'
import { type Measured, type Operation, OPERATIONS } from './messages.ts'

export interface Waits {
  count: number
  p50Ms: number
  p99Ms: number
  p999Ms: number
  maxMs: number
}

export interface PeerRow {
  session: string
  completed: number
  /** Of all completions, where an equal share is 1. */
  share: number
  triesPerWin: number
  waits: Record<Operation, Waits>
}

export interface Summary {
  claimsPerSecond: number
  completionsPerSecond: number
  triesPerWin: number
  /** The slowest process compared with an equal share. */
  smallestShare: number
  waits: Record<Operation, Waits>
  peers: PeerRow[]
  errors: Record<string, number>
  refused: number
  idleLooks: number
}

export function summarize(measured: readonly Measured[], seconds: number): Summary {
  const sum = (pick: (one: Measured) => number) => measured.reduce((total, one) => total + pick(one), 0)
  const completed = sum(one => one.completed.length)
  const peers = measured.map(one => peerRow(one, completed / measured.length))
  return {
    claimsPerSecond: sum(one => one.claimsWon) / seconds,
    completionsPerSecond: completed / seconds,
    triesPerWin: sum(one => one.claimsTried) / sum(one => one.claimsWon),
    smallestShare: Math.min(...peers.map(({ share }) => share)),
    waits: eachOperation(name => waits(measured.flatMap(one => Array.from(one.waitsMs[name])))),
    peers,
    errors: addUp(measured.map(one => one.errors)),
    refused: sum(one => one.refused),
    idleLooks: sum(one => one.idleLooks),
  }
}

function peerRow({ session, completed, claimsTried, claimsWon, waitsMs }: Measured, equalShare: number): PeerRow {
  return {
    session,
    completed: completed.length,
    share: completed.length / equalShare,
    triesPerWin: claimsTried / claimsWon,
    waits: eachOperation(name => waits(Array.from(waitsMs[name]))),
  }
}

function waits(values: number[]): Waits {
  const sorted = Float64Array.from(values).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), maxMs: at(1) }
}

function eachOperation<T>(of: (name: Operation) => T): Record<Operation, T> {
  return Object.fromEntries(OPERATIONS.map(name => [name, of(name)])) as Record<Operation, T>
}

function addUp(counts: readonly Record<string, number>[]): Record<string, number> {
  const all: Record<string, number> = {}
  for (const one of counts) for (const [code, count] of Object.entries(one)) all[code] = (all[code] ?? 0) + count
  return all
}

export function tablesOf(summary: Summary): ReportTable[] {
  const { claimsPerSecond, completionsPerSecond, triesPerWin, smallestShare, errors, refused } = summary
  const faults = Object.entries(errors).map(([code, count]) => `${code} ${count}`)
  const total = {
    'claims/s': claimsPerSecond.toFixed(0),
    'completions/s': completionsPerSecond.toFixed(0),
    'tries per win': triesPerWin.toFixed(2),
    'slowest process, of an equal share': smallestShare.toFixed(2),
    'refused completions': String(refused),
    errors: faults.join(', ') || 'none',
  }
  return [
    { title: 'All together', head: Object.keys(total), rows: [Object.values(total)] },
    {
      title: 'Waits of all, ms',
      head: ['operation', 'count', 'p50', 'p99', 'p99.9', 'max'],
      rows: OPERATIONS.map(name => waitRow(name, summary.waits[name])),
    },
    {
      title: 'Each process, waits in ms',
      head: ['process', 'done', 'share', 'tries', ...OPERATIONS.map(name => `${name} p99`), 'max'],
      rows: summary.peers.map(peerCells),
    },
  ]
}

function waitRow(name: string, { count, p50Ms, p99Ms, p999Ms, maxMs }: Waits): string[] {
  return [name, String(count), ...[p50Ms, p99Ms, p999Ms, maxMs].map(ms => ms.toFixed(1))]
}

function peerCells({ session, completed, share, triesPerWin, waits }: PeerRow): string[] {
  const p99s = OPERATIONS.map(name => waits[name].p99Ms.toFixed(1))
  const max = Math.max(...OPERATIONS.map(name => waits[name].maxMs))
  return [session, String(completed), share.toFixed(2), triesPerWin.toFixed(2), ...p99s, max.toFixed(1)]
}
