/** The one subscriber that turns a peer's events into log lines. It tells changes, not ticks. */
import type { EventSource } from '../core/events.ts'
import type { Log } from '../core/log.ts'
import type { SupervisorEvents } from '../supervisor/events.ts'

/** Returns the function that ends it. */
export function logEvents(events: EventSource<SupervisorEvents>, log: Log): () => void {
  const ends = [
    events.on('session:opened', facts => log.debug('session opened', facts)),
    events.on('session:buried', facts => log.warn('a peer is dead; its tasks can run elsewhere', facts)),
    events.on('session:fenced', facts => log.error('this peer lost its session and ended what it ran', facts)),
    events.on('task:claimed', facts => log.info('task claimed', facts)),
    events.on('task:ended', ({ durationMs, error, ...facts }) => {
      const told = { ...facts, durationMs: Math.round(durationMs) }
      if (error === null) log.info('task ended', told)
      else log.warn('task ended with an error', { ...told, error: error.message, code: error.code })
    }),
    events.on('task:dropped', facts => log.warn('attempt dropped', facts)),
    events.on('task:reclaimed', facts => log.warn('task taken from a dead peer', facts)),
    events.on('run:ended', facts => log.info('run ended', facts)),
    events.on('drain-asked', facts => log.info('asked to drain', facts)),
    events.on('draining', facts => log.debug('draining', facts)),
  ]
  return () => {
    for (const end of ends) end()
  }
}
