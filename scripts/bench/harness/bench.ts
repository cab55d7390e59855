/** What a bench is: what it can be asked for, and a report at the end. The same for all, so that they are started, told and kept alike. */
import { flag, type Options, parseOptions, text, type Values } from './options.ts'
import type { Report } from './report.ts'

export interface BenchDefinition<O extends Options> {
  name: string
  /** One line. */
  summary: string
  /** With the defaults, on two cores. */
  takes: string
  options: O
  /** What is typed after the name, and what that does. */
  examples: readonly (readonly [words: string, what: string])[]
  /** What a reader of the figures should know. */
  notes?: readonly string[]
  /** A sentence when options do not go together. */
  refuse?: (values: Values<O>, given: ReadonlySet<keyof O>) => string | undefined
}

/** What a bench gets while it runs. */
export interface BenchRun {
  /** What it is at: shown while it lasts. `done` of `all`, as far as that is known. */
  progress: (what: string, part?: { done: number; all: number }) => void
  /** A line that stays. */
  say: (line: string) => void
  /** A part of the report, told at once: what has been measured is not lost when the rest comes to no end. */
  section: (title: string, report: Report) => void
  /** Undoes what a folder that is removed and a process that is killed do not: also when the bench is broken off. */
  atEnd: (undo: () => Promise<void>) => void
}

export type Play<O extends Options> = (values: Values<O>, run: BenchRun) => Promise<Report>

/** A bench whose options nobody has to know any more. */
export interface Bench {
  name: string
  summary: string
  takes: string
  examples: BenchDefinition<Options>['examples']
  notes: readonly string[]
  /** Those of its own, then those that all have. */
  options: Options
  ask: (argv: readonly string[], env: Readonly<Record<string, string | undefined>>) => Asked
}

export type Asked =
  | { kind: 'help' }
  | { kind: 'wrong'; message: string }
  | {
      kind: 'play'
      options: Readonly<Record<string, unknown>>
      output: Output
      play: (run: BenchRun) => Promise<Report>
    }

export interface Output {
  /** Where the figures are kept; empty: nowhere. */
  json: string
  markdown: boolean
}

const OUTPUT = {
  json: text('keep all figures, with the facts of the machine, in this file', { value: 'FILE' }),
  markdown: flag('print Markdown, as is done anyway where the output is no terminal'),
}

/** `load`: brings what the bench needs, which only those wait for who run it. */
export function defineBench<O extends Options>(definition: BenchDefinition<O>, load: () => Promise<Play<O>>): Bench {
  const { name, summary, takes, examples, notes = [], refuse } = definition
  const options = { ...definition.options, ...OUTPUT }
  return {
    name,
    summary,
    takes,
    examples,
    notes,
    options,
    ask(argv, env) {
      const parsed = parseOptions(options, argv, env)
      if (parsed.kind !== 'values') return parsed
      const { json, markdown, ...values } = parsed.values as Values<O> & Values<typeof OUTPUT>
      // What is left are the values of its own options, which the compiler cannot follow.
      const own = values as unknown as Values<O>
      const message = refuse?.(own, parsed.given)
      if (message !== undefined) return { kind: 'wrong', message }
      return { kind: 'play', options: own, output: { json, markdown }, play: async run => (await load())(own, run) }
    },
  }
}
