/** What options of file tasks must be. Pure. */
import { isAbsolute } from 'node:path'
import type { ParameterCheck } from '../../workflow/task-parameters.ts'

const isPath = (value: unknown): boolean => typeof value === 'string' && isAbsolute(value) && !value.includes('\0')

export const aPath: ParameterCheck = ['an absolute path (one that begins with "/")', isPath]

export const somePaths: ParameterCheck = [
  'an absolute path (one that begins with "/"), or a list of them,',
  value => isPath(value) || (Array.isArray(value) && value.every(isPath)),
]

export const boolean: ParameterCheck = ['true or false', value => typeof value === 'boolean']

export function oneOf(...values: readonly string[]): ParameterCheck {
  const quoted = values.map(value => `'${value}'`)
  return [quoted.join(' or '), value => values.includes(value as string)]
}

export const aKey: ParameterCheck = ['a name', value => typeof value === 'string' && value !== '']

/** What no name is: nothing would be found. Empty are those at a slash that begins or ends a pattern. */
const NO_NAMES: readonly string[] = ['', '.', '..']
const DOTS_IN_BRACES = /\{(.*,)?\.{1,2}\//

const isPattern = (value: unknown): boolean =>
  typeof value === 'string' && !value.split('/').some(part => NO_NAMES.includes(part)) && !DOTS_IN_BRACES.test(value)

export const somePatterns: ParameterCheck = [
  "a pattern like '*.tif' below the path (without './', '../', and a slash at its end), or a list of them,",
  value => isPattern(value) || (Array.isArray(value) && value.length > 0 && value.every(isPattern)),
]

export const maybePatterns: ParameterCheck = [
  "a pattern like '*.tmp' (without './', '../', and a slash at its end), a list of them, or null",
  value => value === null || (Array.isArray(value) ? value.every(isPattern) : isPattern(value)),
]

export function listOf(value: string | readonly string[] | null): readonly string[] {
  if (value === null) return []
  return typeof value === 'string' ? [value] : value
}
