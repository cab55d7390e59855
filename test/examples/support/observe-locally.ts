import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock } from 'node:test'
import { bundleWorkflow } from '../../../src/bundle/bundle-workflow.ts'
import { loadBundle } from '../../../src/bundle/load-bundle.ts'
import { type LocalRun, runLocal } from '../../../src/index.ts'
import type { Example, ObservedRun } from './example.ts'

/** Runs an example in this process and looks at it. Throws what is not as it must be. */
export async function observeLocally(example: Example): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lightflow-example-'))
  try {
    await example.prepare?.(folder)
    const workflow = await loadExample(example.name, folder)
    const args = example.args?.(folder) ?? {}
    const { run, printed } = await withPrintedLines(async () => {
      const stop = new AbortController()
      const running = runLocal(workflow, args, { name: example.name, signal: stop.signal })
      await example.meanwhile?.({ folder, stop: () => stop.abort(), dags: async () => 0 })
      return running
    })
    await example.see(observed(run, printed, folder))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** As peers load it: bundled, and with the library of this checkout. */
export async function loadExample(name: string, folder: string) {
  const { code, description } = await bundleWorkflow(exampleFile(name))
  const file = join(folder, `${name}.bundle.mjs`)
  await writeFile(file, code)
  const { dags, parameters } = await loadBundle(file, { name, description })
  return [...dags.values(), parameters]
}

export function exampleFile(name: string): string {
  return new URL(`../../../examples/${name}.ts`, import.meta.url).pathname
}

async function withPrintedLines(act: () => Promise<LocalRun>): Promise<{ run: LocalRun; printed: string[] }> {
  const printed: string[] = []
  const log = mock.method(console, 'log', (text: string) => void printed.push(...text.split('\n')))
  try {
    return { run: await act(), printed }
  } finally {
    log.mock.restore()
  }
}

function observed(run: LocalRun, printed: readonly string[], folder: string): ObservedRun {
  return {
    folder,
    state: run.state,
    error: run.error,
    dags: run.dags,
    tasks: run.tasks.map(({ dag, task, state, error }) => ({ dag, task, state, error, peer: 'local' })),
    lines: [...printed, ...run.lines.map(({ line }) => line)],
    isMesh: false,
    data: async task => run.task(task).data,
    stored: path => run.store.get(path),
  }
}
