/** From host to host and back, with work for anybody beside it. */
import { Dag, type FunctionTask } from 'lightflow'
import { task, traceOptions } from './traces.ts'

export const options = traceOptions

const first = task('first-a', { queue: 'at-a' })
const second = task('second-c', { queue: 'at-c' })
const third = task('third-a', { queue: 'at-a' })
const fourth = task('fourth-b', { queue: 'at-b' })
const fifth = task('fifth-c', { queue: 'at-c' })
const anywhere = [1, 2, 3, 4, 5, 6].map(number => task(`anywhere-${number}`))
const last = task('last-a', { queue: 'at-a' })

export const tour = new Dag('tour')
tour.define([
  [first, [second, ...anywhere]],
  [second, third],
  [third, fourth],
  [fourth, fifth],
  [fifth, last],
  ...anywhere.map((each): [FunctionTask, FunctionTask] => [each, last]),
])
