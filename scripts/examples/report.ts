/** What `npm run examples` says. Pure. */
import { stripVTControlCharacters } from 'node:util'
import type { Example } from '../../test/examples/support/example.ts'
import type { MeshObservation } from '../../test/examples/support/observe-on-mesh.ts'

interface Timed {
  name: string
  /** From the submission until all was looked at. */
  wallMs: number
}

export type ExampleResult = Timed & (MeshObservation | { error: unknown })

/** In their order, all when none is named. Throws for a name that is none. */
export function chooseExamples(examples: readonly Example[], names: readonly string[]): readonly Example[] {
  const known = [...new Set(examples.map(({ name }) => name))]
  const stranger = names.find(name => !known.includes(name))
  if (stranger !== undefined) throw new Error(`There is no example "${stranger}". There are: ${known.join(', ')}.`)
  return names.length === 0 ? examples : examples.filter(({ name }) => names.includes(name))
}

export const HEAD = row('', 'example', 'tasks', 'run', 'seen', 'peers')

export function describeResult(result: ExampleResult): string {
  const seen = seconds(result.wallMs)
  if ('error' in result) return [row('FAILED', result.name, '', '', seen, ''), indent(result.error)].join('\n')
  return row('ok', result.name, String(result.tasks), seconds(result.durationMs), seen, result.peers.join(' '))
}

export function describeTotal(results: readonly ExampleResult[]): string {
  const failed = results.filter(result => 'error' in result).length
  const total = seconds(results.reduce((sum, { wallMs }) => sum + wallMs, 0))
  return `${results.length - failed} of ${results.length} examples show what they are to show; ${total}`
}

function row(outcome: string, name: string, tasks: string, run: string, seen: string, peers: string): string {
  const cells = [outcome.padEnd(6), name.padEnd(14), tasks.padStart(5), run.padStart(9), seen.padStart(9), peers]
  return cells.join('  ').trimEnd()
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

function indent(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return stripVTControlCharacters(text).trimEnd().replaceAll(/^/gm, '         ')
}
