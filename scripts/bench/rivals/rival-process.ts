/**
 * Another system in a process of its own, in whatever language. It prints `{"ready": true}` or `{"missing": "what to install"}`, then reads
 * a scenario a line (its name and its number of tasks) and answers each with `{"ms": …}` or `{"error": …}`.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { StartedContestant } from '../contestant.ts'

const STOP_WITHIN_MS = 10_000

interface Answer {
  ready?: boolean
  missing?: string
  ms?: number
  error?: string
}

export async function startRival(name: string, command: string, args: readonly string[]): Promise<StartedContestant> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const answers = answersOf(child, name)
  const first = await answers()
  const stop = () => stopRival(child)
  if (first.missing !== undefined) {
    await stop()
    return { missing: `${name}: ${first.missing}` }
  }
  const contestant = {
    name,
    lacks: ['pure-chain', 'alternate', 'pure-alternate', 'mixed'] as const,
    async play({ name: scenario, tasks }: { name: string; tasks: number }) {
      child.stdin.write(`${scenario} ${tasks}\n`)
      const { ms, error } = await answers()
      if (ms === undefined) throw new Error(`${name}, ${scenario}: ${error ?? 'no answer'}`)
      return ms
    },
    stop,
  }
  return { contestant }
}

/** The answers in their order; an end without one is an answer too. */
function answersOf(child: ChildProcessWithoutNullStreams, name: string): () => Promise<Answer> {
  let errorText = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errorText = (errorText + text).slice(-4000)
  })
  child.on('error', error => {
    errorText += error.message
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async () => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done === true) return { missing: `${name} ended: ${errorText}`, error: errorText }
      if (value.startsWith('{')) return JSON.parse(value) as Answer
    }
  }
}

async function stopRival(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  child.stdin.end()
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await exited
  clearTimeout(timer)
}
