/** Workflow code, kept under its hash. */
import { MAX_BUNDLE_BYTES } from '../../../protocols/limits.ts'
import { LightflowError } from '../../core/errors.ts'
import type { Tables } from '../tables.ts'

/** The same hash is the same code: putting it again changes nothing. */
export function putBundle(tables: Tables, _now: number, hash: string, bytes: Uint8Array): void {
  checkBundleSize(bytes)
  if (tables.bundle(hash) === undefined) tables.putBundle(hash, bytes)
}

export function getBundle(tables: Tables, _now: number, hash: string): Uint8Array | undefined {
  return tables.bundle(hash)
}

/** Throws `LF_VALUE_TOO_LARGE`. */
export function checkBundleSize({ byteLength }: Uint8Array): void {
  if (byteLength > MAX_BUNDLE_BYTES) throw tooLarge(byteLength)
}

function tooLarge(sizeBytes: number): LightflowError {
  return new LightflowError(
    'LF_VALUE_TOO_LARGE',
    `The workflow's code is too large: ${sizeBytes} bytes, the limit is ${MAX_BUNDLE_BYTES}.`,
    { hint: 'Keep data out of the code, and install large packages on the peers instead of bundling them.' },
  )
}
