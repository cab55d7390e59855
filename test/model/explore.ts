/** Exhaustive exploration of a small model: every state that some order of actions leads to. */
export interface Step<State> {
  action: string
  next: State
}

export interface Model<State> {
  start: State
  /** Everything that may happen next. */
  steps: (state: State) => Step<State>[]
  /** Equal keys are the same state. */
  key: (state: State) => string
  /** Broken safety, in words; null when all is well. */
  violation: (state: State) => string | null
  /** Where the story should be able to end, whatever happened before. */
  isGoal: (state: State) => boolean
}

export interface Exploration {
  states: number
  transitions: number
  /** What went wrong and the shortest story that leads there. */
  violation: { what: string; trace: string[] } | null
}

interface Visited<State> {
  state: State
  from: string | null
  action: string
  before: string[]
}

export function explore<State>(model: Model<State>): Exploration {
  const visited = new Map<string, Visited<State>>()
  const startKey = model.key(model.start)
  visited.set(startKey, { state: model.start, from: null, action: 'start', before: [] })
  let transitions = 0
  // A map may grow while it is walked: this is breadth first, so the first story found is a shortest one.
  for (const [key, { state }] of visited) {
    const what = model.violation(state)
    if (what !== null) return { states: visited.size, transitions, violation: { what, trace: traceTo(visited, key) } }
    for (const { action, next } of model.steps(state)) {
      transitions += 1
      const nextKey = model.key(next)
      const known = visited.get(nextKey)
      if (known === undefined) visited.set(nextKey, { state: next, from: key, action, before: [key] })
      else known.before.push(key)
    }
  }
  const stuck = firstWithoutGoal(model, visited)
  const violation =
    stuck === null ? null : { what: 'the goal cannot be reached any more', trace: traceTo(visited, stuck) }
  return { states: visited.size, transitions, violation }
}

/** Walks back from the goals; a state that is not met cannot reach any. */
function firstWithoutGoal<State>(model: Model<State>, visited: Map<string, Visited<State>>): string | null {
  const reaching = new Set<string>()
  for (const [key, { state }] of visited) if (model.isGoal(state)) reaching.add(key)
  for (const key of reaching) for (const before of visited.get(key)?.before ?? []) reaching.add(before)
  for (const key of visited.keys()) if (!reaching.has(key)) return key
  return null
}

function traceTo<State>(visited: Map<string, Visited<State>>, key: string): string[] {
  const trace: string[] = []
  for (let at = visited.get(key); at !== undefined; at = at.from === null ? undefined : visited.get(at.from)) {
    trace.unshift(at.action)
  }
  return trace
}
