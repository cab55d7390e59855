import { mkdirSync } from 'node:fs'
import type { Context } from '../workflow/context.ts'

/** The `context` of an attempt. Its scratch folder is made when the task first looks at `scratch`: most tasks never do. */
export function makeContext({ scratch, ...facts }: Context): Context {
  let isMade = false
  return Object.freeze({
    ...facts,
    get scratch(): string {
      if (!isMade) mkdirSync(scratch, { recursive: true })
      isMade = true
      return scratch
    },
  })
}
