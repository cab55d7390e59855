/**
 * What every suite relies on: the asked Node version, and no promise rejection that nobody handles.
 */
import assert from 'node:assert/strict'
import { inspect } from 'node:util'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
assert.ok(
  major > 24 || (major === 24 && minor >= 16),
  `the tests need Node.js 24.16 or newer, this is ${process.version}: run \`npm ci\` (it brings Node 24) and \`npm test\``,
)

const strays: unknown[] = []
process.on('unhandledRejection', reason => strays.push(reason))

export const mochaHooks = {
  afterEach() {
    const [first] = strays.splice(0)
    if (first !== undefined) throw first instanceof Error ? first : new Error(`unhandled rejection: ${inspect(first)}`)
  },
}
