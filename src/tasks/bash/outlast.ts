/** What is left when a command has ended: outputs that others of its group, or programs that left it, still hold. */
import { setTimeout as delay } from 'node:timers/promises'
import type { OutputDrain } from './drain-output.ts'
import type { ProcessGroup } from './process-group.ts'

/** Between two looks whether something still arrives. */
const LOOK_EVERY_MS = 100
/** An output that is held and silent for 2 s, or held for 10 s, is not waited for any more. */
const MAX_SILENT_LOOKS = 20
const MAX_LOOKS = 100
/** 1 s each: after SIGTERM, and after SIGKILL. What is left then has left the group, and is cut off. */
const LOOKS_PER_STEP = 10

/** Resolves when all outputs have ended. Their last lines are waited for, however long callbacks take for them. */
export async function outlast(drains: readonly OutputDrain[], group: Pick<ProcessGroup, 'signal'>): Promise<void> {
  const steps = [
    () => group.signal('SIGTERM'),
    () => group.signal('SIGKILL'),
    () => {
      for (const drain of drains) drain.cut()
    },
  ]
  if (await areOver(drains, { looks: MAX_LOOKS, silentLooks: MAX_SILENT_LOOKS })) return
  for (const step of steps) {
    step()
    if (await areOver(drains, { looks: LOOKS_PER_STEP, silentLooks: LOOKS_PER_STEP })) return
  }
  await Promise.all(drains.map(({ over }) => over))
}

/** False when these looks, not counting those at which a callback was at work, did not see the end. */
async function areOver(
  drains: readonly OutputDrain[],
  { looks, silentLooks }: { looks: number; silentLooks: number },
): Promise<boolean> {
  let [looked, silent] = [0, 0]
  while (looked < looks && silent < silentLooks) {
    const before = drains.map(({ arrived }) => arrived)
    await nextLook(drains)
    if (drains.every(({ isOver }) => isOver)) return true
    const after = drains.map(({ arrived }) => arrived)
    if (after.includes(null)) continue
    looked += 1
    silent = after.every((count, index) => count === before[index]) ? silent + 1 : 0
  }
  return false
}

async function nextLook(drains: readonly OutputDrain[]): Promise<void> {
  const timer = new AbortController()
  const over = Promise.all(drains.map(drain => drain.over))
  try {
    await Promise.race([over, delay(LOOK_EVERY_MS, undefined, { signal: timer.signal }).catch(() => {})])
  } finally {
    timer.abort()
  }
}
