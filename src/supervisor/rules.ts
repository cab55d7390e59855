/** The pure decisions that a supervisor acts on. Tests replace one to prove that it is needed; nobody else does. */
import { mayBeginEarly } from '../lease/decide-early.ts'
import { observe } from '../lease/observer.ts'
import { isOverdue } from '../lease/overdue.ts'
import { mayBuryRefused } from '../lease/refused-dial.ts'
import { isExpired, isYoung, mayBegin } from './lease-rules.ts'
import { findStrays } from './reconcile.ts'
import { checkTiming } from './timing.ts'

export interface Rules {
  observe: typeof observe
  findStrays: typeof findStrays
  mayBegin: typeof mayBegin
  isYoung: typeof isYoung
  isExpired: typeof isExpired
  checkTiming: typeof checkTiming
  mayBuryRefused: typeof mayBuryRefused
  isOverdue: typeof isOverdue
  mayBeginEarly: typeof mayBeginEarly
}

export const RULES: Rules = {
  observe,
  findStrays,
  mayBegin,
  isYoung,
  isExpired,
  checkTiming,
  mayBuryRefused,
  isOverdue,
  mayBeginEarly,
}
