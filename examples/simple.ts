/** Pass a value from one task to the next. */
import { Dag, FunctionTask } from 'lightflow'

// What a task puts into its data goes to the tasks behind it.
const put = new FunctionTask('put', ({ data, context }) => {
  console.log(`${context.taskName} runs in ${context.dagName} of ${context.workflowName} on ${context.peerName}`)
  data.set('value', 5)
})

const print = new FunctionTask('print', ({ data }) => {
  console.log(`The value is: ${data.get<number>('value')}`)
})

// Only what is exported counts: a workflow is a file with at least one exported DAG.
export const main = new Dag('main')
main.define([[put, print]])
