/** What a bench says about itself. Pure. */
import { pad, widthOf, wrap } from '../../../cli/render/text.ts'
import type { Bench } from './bench.ts'
import type { Option } from './options.ts'

const INDENT = '  '
const COMMAND = 'npm run bench'

/** All of them, a line each. */
export function listOf(
  benches: readonly Pick<Bench, 'name' | 'summary' | 'takes' | 'examples'>[],
  columns: number,
): string {
  const rows = benches.map(({ name, summary, takes }): [string, string] => [name, `${summary} (${takes})`])
  const examples = benches.flatMap(({ name, examples }) =>
    examples.slice(0, 1).map(([words]) => commandOf(name, words)),
  )
  return [
    wrap('Measures Lightflow on this machine, beside others where that is fair.', columns),
    `${INDENT}${COMMAND} NAME -- [options]\n${INDENT}${COMMAND} NAME -- --help`,
    inTwoColumns(rows, columns),
    ['Examples', ...examples.map(example => `${INDENT}${example}`)].join('\n'),
  ].join('\n\n')
}

export function helpOf({ name, summary, takes, options, examples, notes }: Bench, columns: number): string {
  const rows = Object.entries(options).map(([option, about]): [string, string] => [
    `--${option}${about.value === undefined ? '' : ` ${about.value}`}`,
    `${about.what}${shownDefault(about)}`,
  ])
  const shown = examples.map(
    ([words, what]) =>
      `${INDENT}${commandOf(name, words)}\n${INDENT.repeat(3)}${wrap(what, columns, INDENT.length * 3)}`,
  )
  return [
    wrap(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}. Takes ${takes}.`, columns),
    `${INDENT}${COMMAND} ${name} -- [options]`,
    inTwoColumns([...rows, ['-h, --help', 'this text']], columns),
    ['Examples', ...shown].join('\n'),
    ...notes.map(note => wrap(note, columns)),
  ].join('\n\n')
}

function commandOf(name: string, words: string): string {
  return words === '' ? `${COMMAND} ${name}` : `${COMMAND} ${name} -- ${words}`
}

function shownDefault({ shownDefault, variable }: Option<unknown>): string {
  const parts = [shownDefault, ...(variable === undefined ? [] : [`$${variable}`])].filter(part => part !== '')
  return parts.length === 0 ? '' : ` (default: ${parts.join(', or ')})`
}

function inTwoColumns(rows: readonly (readonly [string, string])[], columns: number): string {
  const width = Math.max(...rows.map(([left]) => widthOf(left)))
  const indent = INDENT.length + width + INDENT.length
  return rows.map(([left, right]) => `${INDENT}${pad(left, width)}${INDENT}${wrap(right, columns, indent)}`).join('\n')
}
