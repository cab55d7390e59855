/**
 * The work of one task: from the path of a profile to its row in the results. A file that cannot be used gives a row too,
 * with state `error` and the reason, so that one bad file never ends the run of a whole beam time.
 */
import { basename } from 'node:path'
import { identify, type Identification, type State } from './identify.ts'
import { PhasidError } from './phasid-error.ts'
import { findPeaks } from './peaks.ts'
import { readProfile } from './readers/read-profile.ts'
import type { PhaseName } from './reflections.ts'
import type { Sample } from './sample-name.ts'
import type { Settings } from './settings.ts'

/** One line of the results: plain JSON values only, `null` where something is unknown. q in 1/Angstrom, lengths in Angstrom. */
export type ResultRow = {
  file: string
  composition: number | null
  temperature: number | null
  state: State | 'error'
  phases: RowPhase[]
  confidence: number
  runnerUp: string | null
  peaks: RowPeak[]
  humps: RowPeak[]
  unexplained: number[]
  unitSource: 'file' | 'parameter' | null
  warnings: string[]
  /** Why there is no result: code, sentence and hint; null unless the state is `error`. */
  reason: string | null
}

export type RowPhase = {
  phase: PhaseName
  lattice: number
  latticeError: number
  rms: number
  gaussianCurvature: number | null
  peaks: { n: number; q: number; lattice: number }[]
}

export type RowPeak = { q: number; height: number; fwhm: number; snr: number }

/** Reads and identifies one profile. Never fails because of the file; a bug in the program still throws. */
export async function analyseProfile(path: string, sample: Sample, settings: Settings): Promise<ResultRow> {
  const about = {
    file: basename(path),
    composition: sample.composition ?? null,
    temperature: sample.temperature ?? null,
  }
  try {
    const profile = await readProfile(path, settings)
    const peaks = findPeaks(profile, settings)
    return {
      ...about,
      ...toRow(identify(peaks, settings)),
      peaks: peaks.sharp.map(toRowPeak),
      humps: peaks.humps.map(toRowPeak),
      unitSource: profile.unitSource,
      warnings: profile.warnings,
      reason: null,
    }
  } catch (error) {
    if (!(error instanceof PhasidError)) throw error
    return { ...about, ...emptyRow, reason: `${error.code}: ${error.message} ${error.hint}` }
  }
}

const emptyRow = {
  state: 'error',
  phases: [],
  confidence: 0,
  runnerUp: null,
  peaks: [],
  humps: [],
  unexplained: [],
  unitSource: null,
  warnings: [],
} satisfies Partial<ResultRow>

function toRow(found: Identification) {
  return {
    state: found.state,
    phases: found.phases.map(phase => ({ ...phase, gaussianCurvature: phase.gaussianCurvature ?? null })),
    confidence: found.confidence,
    runnerUp: found.runnerUp ?? null,
    unexplained: found.unexplained,
  }
}

function toRowPeak({ q, height, fwhm, snr }: RowPeak): RowPeak {
  return { q, height, fwhm, snr }
}
