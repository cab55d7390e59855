import { StopTask } from '../workflow/signals.ts'
import { Task } from '../workflow/task.ts'
import type { TaskCall, TaskReturn, TaskTools } from '../workflow/task-call.ts'
import { TaskParameters } from '../workflow/task-parameters.ts'
import { BASH_CHECKS, BASH_OPTIONS, readBashCallbacks, readBashParameters } from './bash/bash-options.ts'
import type { BashCallbacks, BashParameters, BashTaskOptions, Command } from './bash/bash-options.ts'
import { commandFailed } from './bash/command-failed.ts'
import { makeEnvironment } from './bash/environment.ts'
import { findIdentity } from './bash/find-ids.ts'
import { ownScratch } from './bash/own-scratch.ts'
import { type CommandEnd, type CommandRequest, runCommand } from './bash/run-command.ts'

/**
 * A task whose body is a shell command, given as a text or as a function `(data, store) => text`. Both outputs are the task's log; what the
 * command starts is ended with it. A command that does not end with 0 fails the task, unless `check` is false.
 */
export class BashTask extends Task {
  override readonly kind = 'bash'
  readonly #parameters: TaskParameters<BashParameters & { command: string }>
  readonly #callbacks: BashCallbacks

  constructor(name: string, command: Command, options: BashTaskOptions = {}) {
    super(name, options, BASH_OPTIONS)
    const given = { ...readBashParameters(options), command }
    this.#parameters = new TaskParameters<BashParameters & { command: string }>(this.name, given, BASH_CHECKS)
    this.#callbacks = readBashCallbacks(this.name, options)
  }

  async run(call: TaskCall, tools: TaskTools): Promise<Awaited<TaskReturn>> {
    const parameters = await this.#parameters.evaluate(call, { exclude: ['command'] })
    const end = await runCommand(await this.#request(parameters, call, tools))
    const { exitCode, exitSignal, stdout, stderr } = end
    const returned = await this.#callbacks.callbackEnd?.({ ...call, exitCode, exitSignal, stdout, stderr })
    this.#judge(end, parameters.check)
    return returned
  }

  async #request(parameters: BashParameters, call: TaskCall, tools: TaskTools): Promise<CommandRequest> {
    const { captureStdout, captureStderr, user, group, ...rest } = parameters
    const { callbackProcess, callbackStdout, callbackStderr } = this.#callbacks
    const onLine = { stdout: callbackStdout, stderr: callbackStderr }
    const { ids, account } = await findIdentity(this.name, { user, group })
    const scratch = await ownScratch(call.context.scratch, ids)
    return {
      ...rest,
      task: this.name,
      env: makeEnvironment(process.env, parameters, { ...call.context, scratch }, account),
      ids,
      captured: [...(captureStdout ? ['stdout' as const] : []), ...(captureStderr ? ['stderr' as const] : [])],
      scratch: call.context.scratch,
      command: () => this.#parameters.evaluateOne('command', call),
      onProcess: pid => callbackProcess?.({ ...call, pid }),
      onLine: (output, line) => onLine[output]?.({ ...call, line }),
      log: (output, line) => tools.output(output, line),
      abort: call.signal.abort,
      isStopped: () => call.signal.isStopped,
    }
  }

  #judge(end: CommandEnd, check: boolean): void {
    if (end.wasStopped) throw new StopTask('The command was ended because its DAG is being stopped.')
    if (check && end.exitCode !== 0) throw commandFailed(this.name, end, end.lastLines)
  }
}
