/**
 * What a callback throws to end its task in another way than success or failure. Told apart by `code`.
 */
import { isOfKind, KIND } from './brand.ts'

export class StopTask extends Error {
  override readonly name = 'StopTask'
  readonly code = 'LF_STOP_TASK'
  readonly skipSuccessors: boolean

  /** Ends the task early; the run still succeeds. Its data is passed on, its direct successors are skipped unless told otherwise. */
  constructor(message = '', { skipSuccessors = true }: { skipSuccessors?: boolean } = {}) {
    super(message)
    this.skipSuccessors = skipSuccessors
  }

  get [KIND](): 'stop-task' {
    return 'stop-task'
  }
}

export class AbortWorkflow extends Error {
  override readonly name = 'AbortWorkflow'
  readonly code = 'LF_ABORT_WORKFLOW'

  /** Ends the whole run as aborted: nothing new starts, what runs may finish. */
  constructor(message = '') {
    super(message)
  }

  get [KIND](): 'abort-workflow' {
    return 'abort-workflow'
  }
}

export class HandOver extends Error {
  override readonly name = 'HandOver'
  readonly code = 'LF_HAND_OVER'

  /**
   * Ends the attempt, not the task: it is given back, and a peer (another one, when this one drains) begins it anew. For tasks that run for
   * hours, such as triggers, when `signal.isDraining`; what they have reached they keep in the store. Counts neither as an attempt nor as a
   * failure. An `exclusive` task is begun anew too: by throwing this it says that it may be.
   */
  constructor(message = 'The task gave itself back, to be begun anew.') {
    super(message)
  }

  get [KIND](): 'hand-over' {
    return 'hand-over'
  }
}

/** Whether what was thrown ends its task, or its attempt, by intent: it is passed on as it is. */
export function endsTask(thrown: unknown): boolean {
  return isOfKind(thrown, 'stop-task') || isOfKind(thrown, 'abort-workflow') || isOfKind(thrown, 'hand-over')
}
