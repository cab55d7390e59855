/**
 * How the objects that authors make are told apart: by a brand, never by `instanceof`, which fails as soon as a workflow's code
 * brings its own copy of this package.
 */
export const KIND: unique symbol = Symbol.for('lightflow.kind')

export type Kind =
  | 'dag'
  | 'task'
  | 'option'
  | 'parameters'
  | 'action'
  | 'slot'
  | 'task-data'
  | 'multi-task-data'
  | 'stop-task'
  | 'abort-workflow'
  | 'hand-over'

export function isOfKind(value: unknown, kind: Kind): boolean {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[KIND] === kind
}

/** Anything that goes by a name: a task or a DAG. */
export interface Named {
  readonly name: string
}

let made = 0

/**
 * Grows with every call. A module's exports come in alphabetical order; this brings back the order in which they were written.
 */
export function nextSerial(): number {
  made += 1
  return made
}
