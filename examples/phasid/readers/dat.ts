import type { RawProfile } from '../profile.ts'
import { readColumns } from './columns.ts'

/** Columns beyond the error (q resolution, pixel counts) are not looked at. */
const maxColumns = 3

/**
 * Reads a `.dat` file as scatterBrain and most programs export it: a few header lines (file name, `q I Err`),
 * then white-space separated columns q, intensity and error.
 */
export function readDat(text: string): RawProfile {
  return readColumns(text.split(/\r\n|\n|\r/), line => line.trim().split(/\s+/, maxColumns))
}
