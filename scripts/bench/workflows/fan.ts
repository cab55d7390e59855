/** One task, many after it, one after them all; none does anything. */
import { Dag, FunctionTask } from 'lightflow'
import { FAN_LANES } from '../scenarios.ts'

const source = new FunctionTask('source', () => {})
const lanes = Array.from({ length: FAN_LANES }, (_, index) => new FunctionTask(`lane-${index + 1}`, () => {}))
const sink = new FunctionTask('sink', () => {})

export const fan = new Dag('fan')
fan.define([[source, lanes], ...lanes.map(lane => [lane, sink] as const)])
