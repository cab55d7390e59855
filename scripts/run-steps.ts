/** Runs programs one after the other and tells how each went in one line; the output of those that failed is shown. */
import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

export interface Step {
  name: string
  command: string
  args: string[]
}

/** All steps run, also after one has failed. Resolves to true when every one succeeded. */
export async function runSteps(steps: readonly Step[]): Promise<boolean> {
  let allGood = true
  for (const step of steps) {
    const startedAt = performance.now()
    const { exitCode, output } = await run(step)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    const isGood = exitCode === 0
    console.log(`${isGood ? 'ok    ' : 'FAILED'} ${step.name.padEnd(16)} ${seconds.padStart(6)} s`)
    if (!isGood) console.log(indent(output))
    allGood &&= isGood
  }
  return allGood
}

function run({ command, args }: Step): Promise<{ exitCode: number | null; output: string }> {
  const path = [join(ROOT, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter)
  const env = { ...process.env, PATH: path, NO_COLOR: '1', FORCE_COLOR: undefined }
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise(resolve => {
    const end = (exitCode: number | null) => resolve({ exitCode, output: Buffer.concat(chunks).toString('utf8') })
    child.on('error', error => {
      chunks.push(Buffer.from(`${command} could not be started: ${error.message}\n`))
      end(null)
    })
    child.on('close', end)
  })
}

function indent(output: string): string {
  return output.trimEnd().replaceAll(/^/gm, '    ')
}
