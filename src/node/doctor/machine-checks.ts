/** The process and the machine: versions, open files, threads. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type Check, failed, type Finding, ok, warning } from './check.ts'

const NEEDED_NODE = { major: 24, minor: 16 }
/** Each connection, running task and ledger file takes some; a mesh of a hundred peers needs about this many. */
const ADVISED_OPEN_FILES = 1024
const MIN_OPEN_FILES = 128
const THREAD_LIMIT_MS = 10_000
const REPORT_LIMIT_MS = 5000

export function machineChecks(): Check[] {
  return [
    {
      name: 'node',
      limitMs: REPORT_LIMIT_MS,
      run: async () => [{ name: 'node', ...decideVersions(process.versions) }],
    },
    {
      name: 'open files',
      limitMs: REPORT_LIMIT_MS,
      run: async () => [{ name: 'open files', ...decideOpenFiles(openFilesLimit()) }],
    },
    {
      name: 'threads',
      limitMs: THREAD_LIMIT_MS,
      run: async ({ signal }) => [{ name: 'threads', ...(await tryThread(signal)) }],
    },
  ]
}

export function decideVersions({ node, sqlite }: { node: string; sqlite?: string }): Finding {
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const { major: neededMajor, minor: neededMinor } = NEEDED_NODE
  const found = `Node.js ${node}, SQLite ${sqlite ?? 'missing'}`
  if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
    return failed(
      found,
      `Lightflow needs Node.js ${neededMajor}.${neededMinor} or newer: install it, or run \`npm ci\` in a checkout.`,
    )
  }
  return sqlite === undefined
    ? failed(found, 'This Node.js was built without SQLite: use one from nodejs.org, or a MongoDB ledger.')
    : ok(found)
}

/** `limit`: how many a process may have; `unlimited` when there is none, undefined when it cannot be found out. */
export function decideOpenFiles(limit: number | 'unlimited' | undefined): Finding {
  if (limit === undefined) return ok('their limit cannot be found out here')
  if (limit === 'unlimited' || limit >= ADVISED_OPEN_FILES) return ok(`up to ${limit} in one process`)
  const hint = 'Raise it: `ulimit -n 65536` in the shell, or LimitNOFILE=65536 in the unit file of systemd.'
  const found = `only ${limit} in one process`
  return limit < MIN_OPEN_FILES ? failed(found, hint) : warning(found, hint)
}

function openFilesLimit(): number | 'unlimited' | undefined {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean; excludeEnv: boolean }
  // Without them it says nothing of the network, whose names it would look up, and shows no secrets.
  report.excludeNetwork = true
  report.excludeEnv = true
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: number | 'unlimited' } } }
  return userLimits?.open_files?.soft
}

async function tryThread(signal: AbortSignal): Promise<Finding> {
  const worker = new Worker('require("node:worker_threads").parentPort.postMessage("here")', { eval: true })
  try {
    await once(worker, 'message', { signal })
    return ok('a worker thread starts and answers')
  } catch (error) {
    return failed(
      `a worker thread cannot be started: ${error instanceof Error ? error.message : String(error)}`,
      'Look at the memory of the machine and at the limit of processes (`ulimit -u`, TasksMax of systemd).',
    )
  } finally {
    await worker.terminate()
  }
}
