/**
 * Files that are touched to be heard at once on the same host: one by commands that have written something for peers (a run was submitted,
 * stopped or decided about), one by peers that have ended a run, for commands that wait for it. It is a hint like any other: who cannot hear
 * it, or is on another host, finds what is new at the next look.
 */
import { watch } from 'node:fs'
import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'

/** Never fails: who rings has done its work already. */
export async function ringDoorbell(file: string, { wallMs }: Pick<Clock, 'wallMs'>): Promise<void> {
  const seconds = wallMs() / 1000
  await utimes(file, seconds, seconds).catch(() => {})
}

/** Calls `onRing` at each ring, now and then without one. Returns what ends it. */
export async function answerDoorbell(file: string, onRing: () => void, log: Log): Promise<() => void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, '', { flag: 'a' })
    const watcher = watch(file, { persistent: false }, onRing)
    watcher.on('error', error => {
      log.debug('the doorbell is not heard any more; new runs are found by the sweep', { file, error })
      watcher.close()
    })
    return () => watcher.close()
  } catch (error) {
    // The system may have no watches left to give.
    log.debug('the doorbell is not heard; new runs are found by the sweep', { file, error })
    return () => {}
  }
}
