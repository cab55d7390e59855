/** What people would pick instead, each started only when it is installed. The bench installs nothing. */
import { fileURLToPath } from 'node:url'
import type { StartedContestant } from '../contestant.ts'
import { type RedisKeeps, type RedisServer, startRedis } from './redis-server.ts'
import { startRival } from './rival-process.ts'

/** Debian's packages are the system Python's, whatever else is on the path. */
const PYTHON = '/usr/bin/python3'
const KEEPS: Readonly<Record<RedisKeeps, string>> = {
  memory: 'Redis in memory',
  disk: 'Redis on disk (appendfsync always)',
}

/** `folder`: where BullMQ is installed, with `npm install --prefix FOLDER bullmq ioredis`. */
export function rivals(folder: string): readonly (() => Promise<StartedContestant>)[] {
  return [
    () => startBullMq('memory', folder),
    () => startBullMq('disk', folder),
    () => startCelery('memory'),
    () => startRival('Dask distributed, in memory', PYTHON, [fileOf('dask_process.py')]),
  ]
}

function startBullMq(keeps: RedisKeeps, folder: string): Promise<StartedContestant> {
  return withRedis('BullMQ', keeps, ({ port }) => [
    process.execPath,
    [fileOf('bullmq-process.ts'), String(port), folder],
  ])
}

function startCelery(keeps: RedisKeeps): Promise<StartedContestant> {
  return withRedis('Celery', keeps, ({ port }) => [PYTHON, [fileOf('celery_process.py'), String(port)]])
}

async function withRedis(
  rival: string,
  keeps: RedisKeeps,
  commandFor: (redis: RedisServer) => [command: string, args: readonly string[]],
): Promise<StartedContestant> {
  const name = `${rival}, ${KEEPS[keeps]}`
  let redis: RedisServer
  try {
    redis = await startRedis(keeps)
  } catch (error) {
    return { missing: `${name}: apt-get install redis-server (${String(error)})` }
  }
  const started = await startRival(name, ...commandFor(redis))
  if ('missing' in started) {
    await redis.stop()
    return started
  }
  const { contestant } = started
  const stop = async (): Promise<void> => {
    await contestant.stop()
    await redis.stop()
  }
  return { contestant: { ...contestant, stop } }
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}
