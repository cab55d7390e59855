/**
 * What every suite relies on: the asked Node version, no promise rejection that nobody handles, and nothing left at work by a file of
 * tests (a timer, a socket, a process). The files are run by two processes at a time, which mocha ends: a process that cannot end by
 * itself would not be noticed otherwise. All temporary files are in one folder, which is removed at the end, or by the next run where this one is
 * killed.
 */
import assert from 'node:assert/strict'
import { chmodSync, rmSync } from 'node:fs'
import { inspect } from 'node:util'
import { makeOwnedFolder } from './owned-folder.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
assert.ok(
  major > 24 || (major === 24 && minor >= 16),
  `the tests need Node.js 24.16 or newer, this is ${process.version}: run \`npm ci\` (it brings Node 24) and \`npm test\``,
)

/** How long what a file of tests began may take to end after its last test, in ms. */
const LEFT_AT_WORK_MS = 10_000

let known = countActive()
const strays: unknown[] = []
process.on('unhandledRejection', reason => strays.push(reason))

let folder: string | undefined

/** In the process that starts those of the tests. */
export function mochaGlobalSetup(): void {
  folder = makeOwnedFolder('lightflow-test')
  // As the folder for temporary files that it stands for: some tests are about other users.
  chmodSync(folder, 0o1777)
  process.env['TMPDIR'] = folder
}

export function mochaGlobalTeardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
}

export const mochaHooks = {
  afterEach() {
    const [first] = strays.splice(0)
    if (first !== undefined) throw first instanceof Error ? first : new Error(`unhandled rejection: ${inspect(first)}`)
  },

  async afterAll() {
    const until = performance.now() + LEFT_AT_WORK_MS
    let left = leftAtWork()
    while (left !== '' && performance.now() < until) {
      await new Promise(resolve => setTimeout(resolve, 20).unref())
      left = leftAtWork()
    }
    // The files that this process runs next are not to blame.
    if (left !== '') known = countActive()
    assert.equal(left, '', `these tests left something at work: ${left}`)
  },
}

/** What keeps this process alive, but for what did so before these tests and mocha's own timer for this hook. */
function leftAtWork(): string {
  const left: string[] = []
  for (const [kind, count] of countActive()) {
    const more = count - (known.get(kind) ?? 0) - (kind === 'Timeout' ? 1 : 0)
    if (more > 0) left.push(`${more} ${kind}`)
  }
  return left.join(', ')
}

function countActive(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}
