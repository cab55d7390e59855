import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface LfResult {
  code: number
  stdout: string
  stderr: string
}

const LF = fileURLToPath(new URL('../../bin/lf.js', import.meta.url))

/** Runs the real `lf` as a process; never rejects for an exit code. */
export function runLf(
  args: readonly string[],
  { home, cwd, env = {} }: { home: string; cwd?: string; env?: NodeJS.ProcessEnv },
): Promise<LfResult> {
  return new Promise(resolve => {
    const options = { cwd, env: { ...process.env, NO_COLOR: '1', LF_HOME: home, ...env }, timeout: 60_000 }
    execFile(process.execPath, [LF, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, stdout, stderr })
    })
  })
}
