/** What a kind of instrument needs to know about its profiles; each value can be overridden by the option of that name. */
export type InstrumentPreset = {
  /** Window of q to search, 1/Angstrom: beam stop and detector edge make the largest false peaks. */
  qMin: number
  qMax: number
  /** FWHM ÷ q from which a peak is a hump and not a Bragg peak. */
  broad: number
}

export type InstrumentName = 'synchrotron' | 'lab'

/** - `synchrotron`: pinhole camera with an area detector. - `lab`: line or slit camera, such as an Anton Paar SAXSess. */
export const instrumentPresets: Readonly<Record<InstrumentName, InstrumentPreset>> = {
  synchrotron: { qMin: 0.03, qMax: 0.21, broad: 0.078 },
  lab: { qMin: 0.08, qMax: 0.72, broad: 0.04 },
}
