/**
 * Runs one of the benches by its name, with its own options:
 *
 *   npm run bench tasks -- --rivals --rivals-dir FOLDER     what a step costs, beside BullMQ, Celery and Dask
 *   npm run bench submit                                    DAGs of 1,000, 10,000 and 100,000 tasks
 *   npm run bench hops -- --mongodb URI                     commands and time that a step costs a MongoDB ledger alone
 *   npm run bench start                                     how long commands take that do next to nothing
 *   npm run bench mesh                                      a simulated mesh of 50, 200 and 1,000 peers
 *   npm run bench payload -- --mib 256                      payloads between two peers, beside a plain TLS socket
 *   npm run bench recovery                                  what becomes of the work of peers that are killed or frozen
 *   npm run bench idle                                      what peers cost that have nothing to do
 */
import { fileURLToPath } from 'node:url'

const BENCHES: Readonly<Record<string, string>> = {
  tasks: 'bench-tasks.ts',
  submit: 'bench-submit.ts',
  hops: 'bench-hops.ts',
  start: 'bench-start.ts',
  mesh: 'bench-mesh.ts',
  payload: 'bench-payload.ts',
  recovery: 'measure-takeover.ts',
  idle: 'measure-idle-peers.ts',
}

const script = BENCHES[process.argv[2] ?? '']
if (script === undefined) {
  process.stderr.write(`Name a bench: ${Object.keys(BENCHES).join(', ')}.\n`)
  process.exitCode = 2
} else {
  const file = new URL(script, import.meta.url)
  // As if it had been started by itself: some start themselves over.
  process.argv.splice(1, 2, fileURLToPath(file))
  await import(file.href)
}
