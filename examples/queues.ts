/** Send tasks to the peers that are made for them. */
import { Dag, FunctionTask, type TaskCall } from 'lightflow'

// Start one peer for each kind of work, for example:
//   lf node --queues task,graph
//   lf node --queues task,high-memory
const tell = ({ context }: TaskCall): void => console.log(`${context.taskName} runs on ${context.peerName}`)

// A task goes to the queue that it names, else to that of its DAG.
const plan = new FunctionTask('plan', tell)
const reconstruct = new FunctionTask('reconstruct', tell, { queue: 'high-memory' })

export const main = new Dag('main', { queue: 'graph' })
main.define([[plan, reconstruct]])

// Neither the task nor its DAG names one: it is the queue given to `lf workflow start --queue`, else `task`.
export const report = new Dag('report')
report.define([new FunctionTask('mail', tell)])
