/**
 * An earlier session of this very peer that is still open and cannot be proven dead: its machine is another one now, or its process
 * is frozen. Either somebody else lives under this identity, and its beat moves, or nobody does, and then nobody else may be there to
 * find that out: the peer watches it for its TTL, as any observer would, and buries it itself.
 */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { leastTtlOf, NEW_OBSERVER } from '../lease/observer.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { throwIfLeaving } from './patience.ts'
import type { Rules } from './rules.ts'
import type { Timing } from './timing.ts'
import { isUnanswered } from './until-answered.ts'

export interface FormerSessionParts {
  ledger: Pick<Ledger, 'sessionHeads' | 'bury'>
  clock: Clock
  log: Log
  timing: Timing
  rules: Pick<Rules, 'observe'>
  signal: AbortSignal
}

/** Resolves when no session of `peer` is in the way any more, with false when one of them is alive. `self`: id of the new session. */
export async function outliveFormer(peer: string, self: string, parts: FormerSessionParts): Promise<boolean> {
  const { ledger, clock, log, timing, rules, signal } = parts
  const beats = new Map<string, number>()
  let observer = NEW_OBSERVER
  for (;;) {
    throwIfLeaving(signal)
    const sessions = await ledger.sessionHeads().catch(error => {
      if (!isUnanswered(error)) throw error
    })
    const nowMs = clock.monotonicMs()
    // A read that failed leaves a gap, and after a long one the observer counts anew.
    if (sessions !== undefined) {
      const former = sessions.filter(session => session.peer === peer && session.id !== self)
      if (former.length === 0) return true
      if (former.some(({ id, beat }) => (beats.get(id) ?? beat) !== beat)) return false
      for (const { id, beat, name, host, pid, ttlMs } of former) {
        if (!beats.has(id)) log.warn(WAITING, { name, host, pid, atMostMs: Math.max(ttlMs, leastTtlOf(timing)) })
        beats.set(id, beat)
      }
      // Without a session it has no beats that could fail: only its reads tell whether it is well.
      const leastTtlMs = leastTtlOf(timing)
      // The others are looked at for the brake: when all are silent, that says little about one of them.
      const others = sessions.filter(session => session.peer !== peer)
      const seen = rules.observe(observer, { nowMs, sessions: [...former, ...others], ownBeatMs: nowMs, leastTtlMs })
      observer = seen.state
      const silent = seen.silent.filter(({ id }) => beats.has(id))
      const buried = silent.map(({ id, beat }) => ledger.bury(id, beat, 'silence', self).catch(unanswered))
      if ((await Promise.all(buried)).includes(true)) continue
    }
    await clock.sleep(timing.sweepMs, signal)
  }
}

const WAITING =
  'an earlier session of this peer is still open: unless its process shows that it lives, it counts as dead soon and this peer takes its place'

function unanswered(error: unknown): boolean {
  if (isUnanswered(error)) return false
  throw error
}
