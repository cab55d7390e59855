/** What a bench can be asked for, and how that is read from the command line. Pure. */
import { didYouMean } from '../../../src/workflow/did-you-mean.ts'

/** What is wrong, in words for whoever typed it. */
class WrongValue extends Error {}

export interface Option<T> {
  /** What stands for its value in the help, such as `N`; without it the option is a flag. */
  readonly value?: string
  readonly what: string
  readonly default: T
  /** The default as it would be typed; empty where there is nothing to say. */
  readonly shownDefault: string
  /** A variable of the environment that gives the default. */
  readonly variable?: string
  /** What a value has to be, for whoever gave none. */
  readonly expects: string
  readonly read: (text: string) => T
}

export type Options = Readonly<Record<string, Option<unknown>>>
export type Values<O extends Options> = { readonly [Name in keyof O]: O[Name] extends Option<infer T> ? T : never }

export function flag(what: string): Option<boolean> {
  return { what, default: false, shownDefault: '', expects: 'nothing', read: () => true }
}

interface Range {
  min?: number
  max?: number
}

export function count(what: string, { by, ...range }: Range & { by: number }): Option<number> {
  return {
    value: 'N',
    what,
    default: by,
    shownDefault: String(by),
    expects: expectedNumber('a whole number', range),
    read: text => wholeNumber(text, range),
  }
}

export function counts(what: string, { by, ...range }: Range & { by: readonly number[] }): Option<readonly number[]> {
  return {
    value: 'N,…',
    what,
    default: by,
    shownDefault: by.join(','),
    expects: `${expectedNumber('a whole number', range)}, or several with commas between`,
    read: text => parts(text).map(part => wholeNumber(part, range)),
  }
}

/** Some of what is known by name; all of it where there is no `by`. */
export function names<Name extends string>(
  what: string,
  known: readonly Name[],
  { by = known }: { by?: readonly Name[] } = {},
): Option<readonly Name[]> {
  return {
    value: 'NAME,…',
    what: `${what}: ${known.join(', ')}`,
    default: by,
    shownDefault: by.length === known.length ? 'all' : by.join(','),
    expects: `some of ${known.join(', ')}`,
    read: text => parts(text).map(part => oneOf(part, known)),
  }
}

export function text(
  what: string,
  { value, by = '', variable }: { value: string; by?: string; variable?: string },
): Option<string> {
  return {
    value,
    what,
    default: by,
    shownDefault: by,
    ...(variable === undefined ? {} : { variable }),
    expects: `a ${value}`,
    read: given => given,
  }
}

export function mongoUri(what: string, { variable }: { variable?: string } = {}): Option<string> {
  const read = (given: string): string => {
    if (/^mongodb(\+srv)?:\/\/./.test(given)) return given
    throw new WrongValue(`"${given}" is no address of a MongoDB, which begins with mongodb://.`)
  }
  return { ...text(what, { value: 'URI', ...(variable === undefined ? {} : { variable }) }), read }
}

export type Parsed<O extends Options> =
  | { kind: 'values'; values: Values<O>; given: ReadonlySet<keyof O> }
  | { kind: 'help' }
  /** One sentence, and another one that helps. */
  | { kind: 'wrong'; message: string }

type Environment = Readonly<Record<string, string | undefined>>

/** Each option as `--name value` or `--name=value`; of two the later one counts. */
export function parseOptions<O extends Options>(options: O, argv: readonly string[], env: Environment): Parsed<O> {
  if (argv.some(word => word === '--help' || word === '-h')) return { kind: 'help' }
  const given = new Set<string>()
  try {
    const values = new Map(Object.entries(options).map(([name, option]) => [name, defaultOf(name, option, env)]))
    for (const [name, value] of readWords(options, argv)) {
      given.add(name)
      values.set(name, value)
    }
    return { kind: 'values', values: Object.fromEntries(values) as Values<O>, given }
  } catch (error) {
    if (error instanceof WrongValue) return { kind: 'wrong', message: error.message }
    throw error
  }
}

function* readWords(options: Options, argv: readonly string[]): Generator<[name: string, value: unknown]> {
  const words = argv[Symbol.iterator]()
  for (const word of words) {
    const [dashed = '', ...rest] = word.split('=')
    const name = dashed.replace(/^--/, '')
    const option = Object.hasOwn(options, name) && word.startsWith('--') ? options[name] : undefined
    if (option === undefined) throw new WrongValue(explainUnknown(word, dashed, options))
    const inline = word.includes('=') ? rest.join('=') : undefined
    if (option.value === undefined) {
      if (inline !== undefined) throw new WrongValue(`${dashed} takes no value: it is given or it is not.`)
      yield [name, true]
      continue
    }
    const value = inline ?? valueIn(words.next())
    if (value === undefined || value === '') throw new WrongValue(`${dashed} needs a value: ${option.expects}.`)
    yield [name, readValue(dashed, option, value)]
  }
}

/** What looks like the next option is none. */
function valueIn(next: IteratorResult<string>): string | undefined {
  return next.done === true || next.value.startsWith('--') ? undefined : next.value
}

function defaultOf(name: string, option: Option<unknown>, env: Environment): unknown {
  const set = option.variable === undefined ? undefined : env[option.variable]
  return set === undefined || set === '' ? option.default : readValue(`${option.variable} (--${name})`, option, set)
}

function readValue(shown: string, option: Option<unknown>, value: string): unknown {
  try {
    return option.read(value)
  } catch (error) {
    throw error instanceof WrongValue ? new WrongValue(`${shown}: ${error.message}`) : error
  }
}

function explainUnknown(word: string, dashed: string, options: Options): string {
  if (word.startsWith('-')) {
    const known = [...Object.keys(options), 'help'].map(name => `--${name}`)
    return `There is no option ${dashed}. ${didYouMean(dashed, known)}`
  }
  return `"${word}" belongs to no option: these begin with "--", and npm passes them on only when "--" stands before the first.`
}

function wholeNumber(text: string, { min = 1, max = Infinity }: Range): number {
  if (!/^\d+$/.test(text)) throw new WrongValue(`"${text}" is no whole number.`)
  const number = Number(text)
  if (number < min) throw new WrongValue(`${text} is too small, the least is ${min}.`)
  if (number > max) throw new WrongValue(`${text} is too large, the most is ${max}.`)
  return number
}

function expectedNumber(kind: string, { min = 1, max }: Range): string {
  return max === undefined ? `${kind} from ${min} on` : `${kind} from ${min} to ${max}`
}

function oneOf<Name extends string>(text: string, known: readonly Name[]): Name {
  const found = known.find(name => name === text)
  if (found === undefined) throw new WrongValue(`"${text}" is none of them. ${didYouMean(text, known)}`)
  return found
}

/** Each once, in the order in which they were given. */
function parts(text: string): string[] {
  return Array.from(new Set(text.split(',').map(part => part.trim())))
}
