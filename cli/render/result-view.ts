/** What tasks returned, for people; large arrays are shortened (`--json` has everything). */
import { inspect } from 'node:util'
import type { ResultView } from '../../src/index.ts'
import { COLOURFUL, symbolOf, TASK_LOOKS, type Surface } from './colours.ts'
import { lastName } from './task-tree.ts'
import { harmless, pad, truncate, widthOf } from './text.ts'

const MAX_ITEMS_SHOWN = 12
const MAX_TEXT_SHOWN = 2000
const MAX_KEY_COLUMNS = 24

export function resultBlocks(results: ResultView[], surface: Surface): string {
  if (results.length === 0) return '  No results: the run has no last task that ran.'
  return results.map(result => resultBlock(result, surface).join('\n')).join('\n\n')
}

function resultBlock({ dag, task, state, data }: ResultView, surface: Surface): string[] {
  const { palette, columns, unicode } = surface
  const name = `${harmless(dag)}/${harmless(lastName(task))}`
  const entries = Object.entries(data)
  const keyColumns = Math.min(MAX_KEY_COLUMNS, Math.max(0, ...entries.map(([key]) => widthOf(harmless(key)))))
  return [
    truncate(`  ${symbolOf(TASK_LOOKS[state], surface)} ${palette.bold(name)}`, columns, { ascii: !unicode }),
    ...(entries.length === 0 ? [palette.dim('    no data')] : []),
    ...entries.flatMap(([key, value]) => {
      const label = pad(palette.dim(truncate(harmless(key), keyColumns, { ascii: !unicode })), keyColumns)
      return hanging(`    ${label}  `, keyColumns + 6, describe(value, columns - keyColumns - 6, surface))
    }),
  ]
}

/** A value by itself. */
export function describeValue(value: unknown, surface: Surface): string {
  return describe(value, surface.columns, surface)
}

function describe(value: unknown, columns: number, { palette }: Surface): string {
  if (typeof value === 'string') return harmless(value)
  return inspect(value, {
    colors: palette === COLOURFUL,
    depth: 4,
    maxArrayLength: MAX_ITEMS_SHOWN,
    maxStringLength: MAX_TEXT_SHOWN,
    breakLength: Math.max(20, columns),
    compact: 3,
  })
}

function hanging(first: string, indent: number, text: string): string[] {
  return text.split('\n').map((line, index) => (index === 0 ? first : ' '.repeat(indent)) + line)
}
