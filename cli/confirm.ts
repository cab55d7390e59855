/** Questions that only a person can answer. */
import { createInterface } from 'node:readline/promises'

/** Somebody can be asked, and sees the question. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** True for yes; undefined when the question was broken off. Written to stderr: stdout is for data. */
export async function confirm(question: string): Promise<boolean | undefined> {
  const answer = await ask(`${question} (y/N) `)
  return answer === undefined ? undefined : /^y(es)?$/i.test(answer.trim())
}

async function ask(question: string): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const ended = new AbortController()
  lines.once('SIGINT', () => ended.abort())
  lines.once('close', () => ended.abort())
  try {
    return await lines.question(question, { signal: ended.signal })
  } catch (error) {
    if (ended.signal.aborted) return undefined
    throw error
  } finally {
    lines.close()
  }
}
