/** The one subscriber that turns a peer's events into log lines. It tells changes, not ticks. */
import type { EventSource } from '../core/events.ts'
import type { Log } from '../core/log.ts'
import type { SupervisorEvents } from '../supervisor/events.ts'

/** Returns the function that ends it. */
export function logEvents(events: EventSource<SupervisorEvents>, log: Log): () => void {
  const ends = [
    events.on('session:opened', facts => log.debug('session opened', facts)),
    events.on('session:buried', facts => log.warn(`peer ${facts.peer} is dead; its tasks can run elsewhere`, facts)),
    events.on('session:fenced', facts => log.error('this peer lost its session and ended what it ran', facts)),
    events.on('task:claimed', facts => log.info(`${facts.task} claimed`, facts)),
    events.on('task:ended', ({ task, state, durationMs, error }) => {
      const facts = { task, state, durationMs: Math.round(durationMs), ...(error === null ? {} : { error }) }
      if (error === null) log.info(`${task} ${state}`, facts)
      else log.warn(`${task} ${state}: ${error.message}`, facts)
    }),
    events.on('task:dropped', facts => log.warn(`${facts.task} dropped: ${facts.reason}`, facts)),
    events.on('task:reclaimed', facts => log.warn(`${facts.task} taken from a dead peer`, facts)),
    events.on('run:ended', facts => log.info(`run ${facts.run} ${facts.state}`, facts)),
    events.on('draining', facts => log.info(`draining: ${facts.attempts} tasks to finish`, facts)),
  ]
  return () => {
    for (const end of ends) end()
  }
}
