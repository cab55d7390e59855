/** What people would pick instead, each started only when it is installed. */
import { fileURLToPath } from 'node:url'
import type { StartedContestant } from '../contestant.ts'
import { startRedis } from './redis-server.ts'
import { startRival } from './rival-process.ts'

/** Debian's packages are the system Python's, whatever else is on the path. */
const PYTHON = '/usr/bin/python3'

export const RIVALS: readonly (() => Promise<StartedContestant>)[] = [
  startCelery,
  () => startRival('Dask distributed, in memory', PYTHON, [fileOf('dask_process.py')]),
]

async function startCelery(): Promise<StartedContestant> {
  const redis = await startRedis().catch(() => null)
  if (redis === null) return { missing: 'Celery: apt-get install redis-server python3-celery python3-redis' }
  const started = await startRival('Celery, Redis in memory', PYTHON, [fileOf('celery_process.py'), String(redis.port)])
  if ('missing' in started) {
    await redis.stop()
    return started
  }
  const { contestant } = started
  const stop = async () => {
    await contestant.stop()
    await redis.stop()
  }
  return { contestant: { ...contestant, stop } }
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}
