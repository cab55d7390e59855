/** What needs somebody, each with what to type. */
import type { MeshStatusView } from '../../src/index.ts'
import type { Surface } from './colours.ts'
import { formatAge } from './duration.ts'
import { harmless, wrap } from './text.ts'

export type Trouble = MeshStatusView['troubles'][number]

export function troubleLines(
  { message, command, since, kind }: Trouble,
  { palette, columns, unicode, now }: Surface,
): string[] {
  const age = since === undefined || kind === 'silent' ? '' : ` (${formatAge(now - Date.parse(since))})`
  const paint = kind === 'lost' || kind === 'silent' ? palette.red : palette.yellow
  const sentence = wrap(`${harmless(message).replace(/\.$/, '')}${age}`, columns, 4)
  const typed = kind === 'lost' ? `${command} --run-again, or --give-up` : command
  return [
    ...`  ${paint(unicode ? '▲' : '!')} ${sentence}`.split('\n'),
    ...(command === undefined ? [] : `    ${wrap(harmless(typed ?? ''), columns, 4)}`.split('\n').map(palette.dim)),
  ]
}

const MAX_SHOWN_FOR_RUN = 5

/** What holds a run up. Lost tasks are shown in a place of their own. */
export function runTroubleLines({ troubles = [] }: { troubles?: readonly Trouble[] }, surface: Surface): string[] {
  const all = troubles.filter(({ kind }) => kind !== 'lost')
  const more = all.length - MAX_SHOWN_FOR_RUN
  return [
    ...all.slice(0, MAX_SHOWN_FOR_RUN).flatMap(trouble => troubleLines(trouble, surface)),
    ...(more > 0 ? [surface.palette.dim(`    and ${more} more: lf mesh status`)] : []),
  ]
}
