/** Take the data of several predecessors apart: by slot, by name, by place. */
import { Dag, FunctionTask, slot } from 'lightflow'

const put = new FunctionTask('put', ({ data }) => {
  data.set('value', 5)
  console.log(`put: ${data.get<number>('value')}`)
})

const square = new FunctionTask('square', ({ data }) => {
  data.set('value', data.get<number>('value') ** 2)
  console.log(`square: ${data.get<number>('value')}`)
})

// One dataset per predecessor, in the order of the edges below: 0 comes from `put`, 1 from `square`.
const multiply = new FunctionTask('multiply', ({ data }) => {
  const product = data.dataset(0).get<number>('value') * data.dataset(1).get<number>('value')
  console.log(`multiply: ${product}`)
  data.set('value', product)
})

// A slot is a name for what arrives over an edge. The task then need not know who sent it.
const subtract = new FunctionTask('subtract', ({ data }) => {
  const difference = data.dataset('first').get<number>('value') - data.dataset('second').get<number>('value')
  console.log(`subtract: ${difference}`)
  // `set` writes into the default dataset, the one that wins when all become one behind the task.
  data.setDefault('second')
  data.set('value', difference)
})

export const main = new Dag('main')
main.define([
  [put, [square, multiply, slot(subtract, 'first')]],
  [square, multiply],
  [multiply, slot(subtract, 'second')],
])
