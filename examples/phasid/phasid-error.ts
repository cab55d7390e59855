/** The kinds of trouble the example names. A code is stable: the results file and the tests refer to it. */
export type PhasidErrorCode =
  | 'PHASID_NOT_A_PROFILE'
  | 'PHASID_UNIT_UNKNOWN'
  | 'PHASID_TOO_LARGE'
  | 'PHASID_UNREADABLE'
  | 'PHASID_NO_PROFILES'
  | 'PHASID_BAD_OPTION'
  | 'PHASID_BAD_SAMPLE_TABLE'

/** An expected failure: `message` says what is wrong, `hint` what to do about it. */
export class PhasidError extends Error {
  readonly code: PhasidErrorCode
  readonly hint: string

  constructor(code: PhasidErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PhasidError'
    this.code = code
    this.hint = hint
  }
}
