/** The pure decisions that a supervisor acts on. Tests replace one to prove that it is needed; nobody else does. */
import { observe } from '../lease/observer.ts'
import { findStrays } from './reconcile.ts'

export interface Rules {
  observe: typeof observe
  findStrays: typeof findStrays
}

export const RULES: Rules = { observe, findStrays }
