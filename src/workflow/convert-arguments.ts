import { LightflowError } from '../core/errors.ts'
import { convertValue } from './convert-value.ts'
import type { OptionValue } from './convert-value.ts'
import { describeValue } from './describe-value.ts'
import { didYouMean } from './did-you-mean.ts'
import type { OptionPlan } from './plan.ts'

/**
 * Checks and converts what was given at submission; options without a value are left out of the result. Throws
 * `LF_ARGUMENT_UNKNOWN`, `LF_ARGUMENT_TYPE` or `LF_ARGUMENT_MISSING`, each of which names all that is wrong in that way.
 */
export function convertArguments(
  options: readonly OptionPlan[],
  given: Readonly<Record<string, unknown>>,
): Record<string, OptionValue> {
  refuseUnknown(options, given)
  const args = convertGiven(options, given)
  const missing = options.filter(option => option.required && !Object.hasOwn(args, option.name))
  if (missing.length > 0) throw missingError(missing)
  return args
}

// Unknown names come first: a mistyped name is the most likely reason for a missing one.
function refuseUnknown(options: readonly OptionPlan[], given: Readonly<Record<string, unknown>>): void {
  const known = options.map(({ name }) => name)
  const unknown = Object.keys(given).filter(name => !known.includes(name))
  if (unknown.length === 0) return
  const hints = unknown.map(name => (known.length === 0 ? 'The workflow has no options.' : didYouMean(name, known)))
  const names = unknown.map(name => `"${name}"`).join(', ')
  throw new LightflowError('LF_ARGUMENT_UNKNOWN', `The workflow has no option ${names}.`, {
    hint: Array.from(new Set(hints)).join(' '),
    facts: { options: unknown },
  })
}

function convertGiven(
  options: readonly OptionPlan[],
  given: Readonly<Record<string, unknown>>,
): Record<string, OptionValue> {
  const args: Record<string, OptionValue> = {}
  const wrong: string[] = []
  const expected: string[] = []
  for (const { name, type, default: preset } of options) {
    const value = Object.hasOwn(given, name) ? (given[name] ?? preset) : preset
    if (value === null) continue
    const conversion = convertValue(type, value)
    if ('value' in conversion) args[name] = conversion.value
    else {
      wrong.push(`"${name}" is ${describeValue(value)} and should be ${conversion.expected}`)
      expected.push(`${name}=… with ${conversion.expected}`)
    }
  }
  if (wrong.length === 0) return args
  throw new LightflowError('LF_ARGUMENT_TYPE', `Options have values of a wrong type: ${wrong.join('; ')}.`, {
    hint: `Give ${expected.join(', ')}. What each option takes: lf workflow list`,
    facts: { options: wrong.length },
  })
}

function missingError(missing: readonly OptionPlan[]): LightflowError {
  const named = missing.map(({ name, help }) => (help === '' ? name : `${name} (${help})`))
  const plural = missing.length === 1 ? 'a required option is' : 'required options are'
  return new LightflowError(
    'LF_ARGUMENT_MISSING',
    `The workflow cannot start, ${plural} missing: ${named.join(', ')}.`,
    {
      hint: `Add ${missing.map(({ name }) => `${name}=…`).join(' ')}.`,
      facts: { options: missing.map(({ name }) => name) },
    },
  )
}
