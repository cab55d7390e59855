import { instrumentPresets, type InstrumentName } from './instrument-presets.ts'
import { PhasidError } from './phasid-error.ts'
import { parseQUnit, type QUnit } from './q-unit.ts'
import { phaseNames, type PhaseName } from './reflections.ts'

/** Everything that decides how one profile is read and identified. */
export type Settings = {
  unit: QUnit | undefined
  /** q_true = qScale × q + qOffset, in the unit of the file. */
  qScale: number
  qOffset: number
  /** 1/Angstrom, after calibration. */
  qMin: number
  qMax: number
  broad: number
  phases: readonly PhaseName[]
}

/** The options as a run has them: an empty text or a zero means "as the instrument preset says". */
export type SettingsOptions = {
  unit?: string
  instrument?: string
  qmin?: number
  qmax?: number
  broad?: number
  qscale?: number
  qoffset?: number
  phases?: string
}

/** Checks the options and fills in the preset. Throws PHASID_BAD_OPTION. */
export function toSettings(options: SettingsOptions): Settings {
  const { unit = '', instrument = 'synchrotron', qscale = 1, qoffset = 0, phases = '' } = options
  if (!Object.hasOwn(instrumentPresets, instrument)) {
    throw badOption('instrument', `one of ${Object.keys(instrumentPresets).join(', ')}`, instrument)
  }
  const preset = instrumentPresets[instrument as InstrumentName]
  const settings: Settings = {
    unit: unit === '' ? undefined : parseQUnit(unit),
    qScale: qscale,
    qOffset: qoffset,
    qMin: options.qmin || preset.qMin,
    qMax: options.qmax || preset.qMax,
    broad: options.broad || preset.broad,
    phases: phases === '' ? phaseNames : phases.split(',').map(toPhaseName),
  }
  if (unit !== '' && settings.unit === undefined) throw badOption('unit', '1/A or 1/nm', unit)
  if (!(qscale > 0.5 && qscale < 2)) throw badOption('qscale', 'between 0.5 and 2', qscale)
  if (!Number.isFinite(qoffset)) throw badOption('qoffset', 'a number', qoffset)
  if (!(settings.qMin > 0)) throw badOption('qmin', 'positive', settings.qMin)
  if (!(settings.qMax > settings.qMin)) throw badOption('qmax', `above qmin (${settings.qMin})`, settings.qMax)
  if (!(settings.broad > 0)) throw badOption('broad', 'positive', settings.broad)
  return settings
}

function toPhaseName(text: string): PhaseName {
  const name = phaseNames.find(known => known.toLowerCase() === text.trim().toLowerCase())
  if (name === undefined) throw badOption('phases', `some of ${phaseNames.join(', ')}`, text)
  return name
}

function badOption(name: string, expected: string, got: string | number): PhasidError {
  return new PhasidError(
    'PHASID_BAD_OPTION',
    `Expected the option ${name} to be ${expected}, got ${JSON.stringify(got)}.`,
    `Start the run again with another ${name}=...; without it, the default is used.`,
  )
}
