/**
 * A server that must not outlive the bench, however that ends. A small shell watches over it: it holds the end of a pipe whose other end is
 * here. When this process goes, also by SIGKILL, the system closes the pipe; the shell then ends the server and removes its folder.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { createInterface } from 'node:readline'

export interface GuardedServer {
  /** Resolves when the server has ended and its folder is removed. */
  readonly stop: () => Promise<void>
}

/**
 * In the background and in a session of its own, so that neither a Ctrl-C at the terminal nor whoever ends the children of the bench ends
 * the guard before the server. Descriptor 3 is open for as long as the guard is there; descriptor 4 is the pipe. (Node closes the standard input
 * of a child as soon as the first process of it is gone, so that cannot be it.)
 */
const GUARD = `
folder=$1; shift
{
  "$@" </dev/null 3>&- 4<&- & server=$!
  exec >/dev/null 2>&1
  cat <&4 >/dev/null
  kill -9 "$server"; wait "$server"
  rm -rf "$folder"
} &
`

/** `isReady` looks at each line that the server prints. `folder` is removed at the end, also when the server could not be started. */
export async function startGuarded(
  command: string,
  args: readonly string[],
  { folder, isReady }: { folder: string; isReady: (line: string) => boolean },
): Promise<GuardedServer> {
  const shell = spawn('sh', ['-c', GUARD, 'guard', folder, command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
  })
  const [, output, problems, presence, leash] = shell.stdio as unknown as [null, Readable, Readable, Readable, Writable]
  const gone = once(presence.resume(), 'close')
  let errors = ''
  problems.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2000)
  })
  const stop = async (): Promise<void> => {
    leash.end()
    await gone
  }
  if (await becomesReady(output, isReady)) return { stop }
  await stop()
  throw new Error(`${command} ended before it was ready: ${errors.trim()}`)
}

async function becomesReady(output: Readable, isReady: (line: string) => boolean): Promise<boolean> {
  const lines = createInterface({ input: output })
  const ready = Promise.withResolvers<boolean>()
  lines.on('line', line => {
    if (isReady(line)) ready.resolve(true)
  })
  lines.on('close', () => ready.resolve(false))
  return ready.promise
}
