/** Run a command, follow its output line by line, and look at the whole of it afterwards. */
import { BashTask, Dag, FunctionTask } from 'lightflow'

const put = new FunctionTask('put', ({ data }) => data.set('lines', 10))

const count = new BashTask(
  'count',
  // Nearly every option may be a function of the data that arrives.
  data => `for i in $(seq 1 ${data.get<number>('lines')}); do echo "This is line $i"; sleep 0.02; done`,
  {
    captureStdout: true,
    captureStderr: true,
    callbackProcess: ({ pid }) => console.log(`The command runs as process ${pid}`),
    // Each line as soon as it is there. What the command prints is in the log of the task in any case.
    callbackStdout: ({ line }) => console.log(`live: ${line}`),
    callbackEnd: async ({ data, exitCode, stdout, stderr }) => {
      const text = (await stdout?.text()) ?? ''
      const lineCount = text.split('\n').length - 1
      console.log(`The command ended with ${exitCode} after ${lineCount} lines:`)
      for (const line of text.trimEnd().split('\n')) console.log(`again: ${line}`)
      console.log(`On standard error: ${stderr?.bytes ?? 0} bytes`)
      data.set('lineCount', lineCount)
    },
  },
)

export const main = new Dag('main')
main.define([[put, count]])
