/**
 * Runs every example on a mesh of three peers, in a temporary home, and looks whether an observer sees what is to be seen.
 *
 *   npm run examples                                  all of them, on a SQLite ledger
 *   npm run examples -- simple bash                   these
 *   npm run examples -- --ledger mongodb://HOSTS/?replicaSet=NAME    in a database of its own, dropped afterwards
 *   npm run examples -- --json
 */
import { parseArgs } from 'node:util'
import { EXAMPLES } from '../test/examples/expected/all.ts'
import { observeOnMesh, startExampleMesh } from '../test/examples/support/observe-on-mesh.ts'
import { chooseExamples, describeResult, describeTotal, type ExampleResult, HEAD } from './examples/report.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { ledger: { type: 'string' }, json: { type: 'boolean', default: false } },
})

const say = values.json ? () => {} : console.log
const { signal } = endAtSignals()
const results: ExampleResult[] = []

try {
  const chosen = chooseExamples(EXAMPLES, positionals)
  const database = await ownDatabase(values.ledger)
  try {
    say(`starting three peers on ${database === undefined ? values.ledger || 'a SQLite ledger' : 'MongoDB'} …`)
    const mesh = await startExampleMesh(database?.uri ?? values.ledger)
    try {
      say(HEAD)
      for (const example of chosen) {
        signal.throwIfAborted()
        const startedAt = performance.now()
        const outcome = await observeOnMesh(mesh, example, signal).catch((error: unknown) => ({ error }))
        const result = { name: example.name, wallMs: performance.now() - startedAt, ...outcome }
        results.push(result)
        say(describeResult(result))
      }
    } finally {
      await mesh.close()
    }
  } finally {
    await database?.drop()
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

if (values.json) console.log(JSON.stringify({ results: results.map(withPlainError) }))
else if (results.length > 0) say(describeTotal(results))
if (results.some(result => 'error' in result)) process.exitCode = 1

/** The first signal ends what runs and cleans up; the second one ends this process. */
function endAtSignals(): AbortController {
  const ending = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (ending.signal.aborted) process.exit(1)
      ending.abort(new Error(`ended by ${name}`))
    })
  }
  return ending
}

/** Only those who use MongoDB wait for its driver. */
async function ownDatabase(ledger: string | undefined) {
  if (ledger?.startsWith('mongodb') !== true) return undefined
  const { temporaryDatabase } = await import('../test/support/temporary-database.ts')
  return temporaryDatabase(ledger)
}

function withPlainError(result: ExampleResult) {
  return 'error' in result ? { ...result, error: String(result.error) } : result
}
