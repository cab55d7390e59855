import { LightflowError } from '../core/errors.ts'
import { KIND, isOfKind, nextSerial } from './brand.ts'
import { convertValue, isOptionType, OPTION_TYPES } from './convert-value.ts'
import type { OptionType, OptionValue } from './convert-value.ts'
import { describeValue } from './describe-value.ts'
import { didYouMean } from './did-you-mean.ts'
import type { OptionPlan } from './plan.ts'

export interface OptionSettings {
  /** Default `str`. */
  type?: OptionType
  /** Value when none is given; converted like a given one. null: may be left out and then has no value. */
  default?: OptionValue | null
  /** One line for `lf workflow list` and for the message when it is missing. */
  help?: string
  /** By default an option is required when it has no `default`. */
  required?: boolean
}

/** A value that is given when the workflow is started: `lf workflow start NAME filepath=/data/scan`. */
export class Option {
  readonly name: string
  readonly type: OptionType
  readonly default: OptionValue | null
  readonly help: string
  readonly required: boolean

  constructor(name: string, settings: OptionSettings = {}) {
    this.name = checkOptionName(name)
    refuseUnknown(name, settings)
    const { type = 'str', default: preset, help = '', required = preset === undefined } = settings
    if (!isOptionType(type)) {
      throw wrong(name, `cannot be of type ${describeValue(type)}`, `Types: ${OPTION_TYPES.join(', ')}.`)
    }
    if (required && preset !== undefined && preset !== null) {
      throw wrong(name, 'is required and has a default', 'Keep one of them.')
    }
    this.type = type
    this.help = help
    this.required = required
    this.default = preset === undefined || preset === null ? null : convertDefault(name, type, preset)
  }

  get [KIND](): 'option' {
    return 'option'
  }
}

/** The options of a workflow: export one of it beside the DAGs. */
export class Parameters {
  readonly options: readonly Option[]
  readonly serial = nextSerial()

  constructor(options: readonly Option[]) {
    if (!Array.isArray(options)) {
      const got = describeValue(options)
      throw new LightflowError('LF_PARAMETERS', `Parameters is made from a list of Options, but got ${got}.`)
    }
    for (const [index, option] of (options as unknown[]).entries()) {
      if (isOfKind(option, 'option')) continue
      throw new LightflowError('LF_PARAMETERS', `Number ${index + 1} of the Parameters is ${describeValue(option)}.`, {
        hint: "List options: new Parameters([new Option('filepath', { help: 'where the scan is' })]).",
      })
    }
    checkUnique(options)
    this.options = [...options]
  }

  get [KIND](): 'parameters' {
    return 'parameters'
  }

  /** As the ledger keeps them. */
  plan(): OptionPlan[] {
    return this.options.map(option => ({
      name: option.name,
      type: option.type,
      help: option.help,
      required: option.required,
      default: option.default,
    }))
  }
}

export function isParameters(value: unknown): value is Parameters {
  return isOfKind(value, 'parameters')
}

/** Several lists as one, in their order. */
export function joinParameters(lists: readonly Parameters[]): Parameters {
  return new Parameters(lists.flatMap(({ options }) => options))
}

function checkUnique(options: readonly Option[]): void {
  const seen = new Set<string>()
  for (const { name } of options) {
    if (seen.has(name)) throw wrong(name, 'is defined twice', 'Rename one of them or remove it.')
    seen.add(name)
  }
}

/** Options are written `name=value` and become paths of the store, so neither `=` nor `.` may be in them. */
const NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/
const FORBIDDEN_NAMES: readonly unknown[] = ['__proto__', 'constructor', 'prototype']

function checkOptionName(name: unknown): string {
  if (typeof name === 'string' && NAME_PATTERN.test(name) && !FORBIDDEN_NAMES.includes(name)) return name
  throw new LightflowError('LF_PARAMETERS', `${describeValue(name)} cannot be the name of an option.`, {
    hint: 'Use letters, digits, "_" and "-", starting with a letter; at most 100 characters.',
  })
}

function refuseUnknown(name: string, settings: object): void {
  const known = ['type', 'default', 'help', 'required']
  for (const key of Object.keys(settings)) {
    if (!known.includes(key)) throw wrong(name, `has no setting "${key}"`, didYouMean(key, known))
  }
}

function convertDefault(name: string, type: OptionType, preset: unknown): OptionValue {
  const conversion = convertValue(type, preset)
  if ('value' in conversion) return conversion.value
  throw wrong(name, `cannot have ${describeValue(preset)} as its default: it needs ${conversion.expected}`, '')
}

function wrong(option: string, what: string, hint: string): LightflowError {
  return new LightflowError('LF_PARAMETERS', `The option "${option}" ${what}.`, { hint })
}
