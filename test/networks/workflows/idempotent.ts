/** Motors that may be moved again when nobody knows what became of the first move. */
import { Dag } from 'lightflow'
import { motor, task, traceOptions } from './traces.ts'

export const options = traceOptions

const readOut = task('read-out')

export const motors = new Dag('motors')
motors.define([
  [motor('theta'), readOut],
  [motor('phi', { effect: 'pure' }), readOut],
])
