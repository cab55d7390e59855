/** Split the work into three lanes and join them again. */
import { Dag, FunctionTask } from 'lightflow'

const branch = new FunctionTask('branch', ({ data }) => {
  console.log('branch: three lanes follow')
  data.set('frames', [1, 2, 3, 4, 5, 6])
})

// The lanes run at the same time, on whatever peers are free. Each has a copy of the data of its own.
const lanes = [0, 1, 2].map(
  index =>
    new FunctionTask(`lane-${index + 1}`, ({ data }) => {
      const mine = data.get<number[]>('frames').filter((_, place) => place % 3 === index)
      console.log(`lane ${index + 1}: frames ${mine.join(' and ')}`)
      data.set(
        'sum',
        mine.reduce((sum, frame) => sum + frame, 0),
      )
    }),
)

// Runs once, when the last lane has ended. Each lane is a dataset under the name of its task.
const join = new FunctionTask('join', ({ data }) => {
  const sums = lanes.map(lane => data.dataset(lane.name).get<number>('sum'))
  console.log(`join: ${sums.join(' + ')} = ${sums.reduce((total, sum) => total + sum, 0)}`)
})

export const main = new Dag('main')
main.define([[branch, lanes], ...lanes.map(lane => [lane, join] as const)])
