/**
 * The public door of Lightflow. Authoring (what a workflow file imports) is loaded at once; what starts peers or reads the ledger
 * is loaded when it is called, so that a worker thread or `lf --help` never waits for it.
 */
import type { Client, ClientOptions, PeerHandle } from './node/client-api.ts'
import type { DoctorOptions, DoctorView } from './node/doctor/doctor.ts'
import type { CopyExamplesOptions } from './node/examples.ts'
import type { LocalOptions, LocalRun, LocalWorkflow } from './node/local-run.ts'
import type { StartPeerOptions } from './node/start-peer.ts'
import type { ExampleCopyView, ExampleView, SettingsView } from './node/views.ts'

export type * from './node/client-api.ts'
export type * from './node/local-run.ts'
export type * from './node/views.ts'
export type { CopyExamplesOptions } from './node/examples.ts'
export type { StartPeerOptions } from './node/start-peer.ts'
export type { CheckState, CheckView } from './node/doctor/check.ts'
export type { DoctorOptions, DoctorProgress, DoctorView } from './node/doctor/doctor.ts'
export type { Log, LogFacts, LogLevel } from './core/log.ts'

export { Action } from './workflow/action.ts'
export { Dag } from './workflow/dag.ts'
export { Option, Parameters } from './workflow/parameters.ts'
export type { OptionSettings } from './workflow/parameters.ts'
export { slot } from './workflow/slot.ts'
export { AbortWorkflow, HandOver, StopTask } from './workflow/signals.ts'
export { MultiTaskData } from './workflow/multi-task-data.ts'
export { TaskData } from './workflow/task-data.ts'
export { Task } from './workflow/task.ts'
export type { FinallyCall, FinallyStatus, TaskCall, TaskReturn, TaskTools } from './workflow/task-call.ts'
export type { TaskOptions } from './workflow/task-options.ts'
export { TaskParameters } from './workflow/task-parameters.ts'
export type { Parameter, ParameterCall, ParameterCheck, ParametersOf } from './workflow/task-parameters.ts'
export type { Context } from './workflow/context.ts'
export type { DagSchema } from './workflow/dag-schema.ts'
export type { Signal, StartDagOptions, StartData } from './workflow/signal.ts'
export type { TaskStore } from './workflow/store.ts'
export type { DagMeta, RunMeta, TaskMeta } from './workflow/run-meta.ts'
export { FunctionTask } from './tasks/function-task.ts'
export { BashTask } from './tasks/bash-task.ts'
export type { BashTaskOptions, Command, EndCall, LineCall, ProcessCall } from './tasks/bash/bash-options.ts'
export type { CapturedOutput } from './tasks/bash/captured-output.ts'
export { GlobTask } from './tasks/glob-task.ts'
export type { FilesCall, GlobTaskOptions } from './tasks/glob-task.ts'
export { WalkTask } from './tasks/walk-task.ts'
export type { EntryCall, WalkEntry, WalkTaskOptions } from './tasks/walk-task.ts'
export { CopyTask } from './tasks/copy-task.ts'
export type { CopyTaskOptions } from './tasks/copy-task.ts'
export { MoveTask } from './tasks/move-task.ts'
export type { MoveTaskOptions } from './tasks/move-task.ts'
export { MakeDirTask } from './tasks/make-dir-task.ts'
export type { MakeDirTaskOptions } from './tasks/make-dir-task.ts'
export { RemoveTask } from './tasks/remove-task.ts'
export type { RemoveTaskOptions } from './tasks/remove-task.ts'
export { ChmodTask } from './tasks/chmod-task.ts'
export type { ChmodTaskOptions } from './tasks/chmod-task.ts'
export { ChownTask } from './tasks/chown-task.ts'
export type { ChownTaskOptions } from './tasks/chown-task.ts'
export { ChunkingTask } from './tasks/chunking-task.ts'
export type { ChunkingTaskOptions } from './tasks/chunking-task.ts'
export { NewFilesTask } from './tasks/new-files-task.ts'
export type { NewFilesCall, NewFilesTaskOptions } from './tasks/new-files-task.ts'
export type { StopCall } from './tasks/triggers/trigger-options.ts'
export { NewLinesTask } from './tasks/new-lines-task.ts'
export type { NewLinesCall, NewLinesTaskOptions } from './tasks/new-lines-task.ts'
export { FileRef } from './tasks/file-ref.ts'
export type { FileRefData } from './tasks/file-ref.ts'
export { NdArray } from '../protocols/nd-array.ts'
export type { DType, NdArrayData } from '../protocols/nd-array.ts'
export { LightflowError, toErrorRecord } from './core/errors.ts'
export { version } from './node/version.ts'

/** Starts a peer in this process; see `lf node`. Throws a LightflowError, with nothing left running, when it cannot. */
export async function startPeer(options: StartPeerOptions = {}): Promise<PeerHandle> {
  const { loadPeer } = await import('./node/load-peer.ts')
  const peer = await loadPeer(options.log)
  return peer.startPeer(options)
}

/** Opens the ledger for commands and scripts: submit, look, stop. Close it when done. */
export async function openClient(options: ClientOptions = {}): Promise<Client> {
  const client = await import('./node/client.ts')
  return client.openClient(options)
}

/** Runs a workflow in this process, without ledger files, threads or network: for tests of workflows. Resolves when the run has ended. */
export async function runLocal(
  workflow: LocalWorkflow,
  args: Record<string, string | number | boolean> = {},
  options: LocalOptions = {},
): Promise<LocalRun> {
  const local = await import('./node/run-local.ts')
  return local.runLocal(workflow, args, options)
}

/** Looks at everything that a peer needs, and says what to do where something is amiss; see `lf doctor`. It changes nothing. */
export async function examine(options: DoctorOptions = {}): Promise<DoctorView> {
  const doctor = await import('./node/doctor/doctor.ts')
  return doctor.examine(options)
}

/** What can be set, what it is now, and where that comes from; see `lf config list`. Names no passwords. */
export async function readSettings(options: ClientOptions = {}): Promise<SettingsView> {
  const settings = await import('./node/list-settings.ts')
  return settings.listSettings(options, process.env)
}

/** All settings with their defaults as the text of an environment file; see `lf config default`. */
export async function defaultSettings(): Promise<string> {
  const settings = await import('./node/list-settings.ts')
  return settings.defaultSettings()
}

/** The examples that come with Lightflow; see `lf examples list`. */
export async function listExamples(): Promise<ExampleView[]> {
  const examples = await import('./node/examples.ts')
  return examples.listExamples()
}

/** Copies examples into a folder; see `lf examples copy`. `LF_UNKNOWN_EXAMPLE`, `LF_EXAMPLES_EXIST`, `LF_EXAMPLES_COPY`. */
export async function copyExamples(folder: string, options: CopyExamplesOptions = {}): Promise<ExampleCopyView> {
  const examples = await import('./node/examples.ts')
  return examples.copyExamples(folder, options)
}
