/** Records inside of rows, and parts of blueprints. They are the ledger's own, already checked: no limits, unlike in what comes from outside. */
import { Packr } from 'msgpackr'

const packr = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true })

export function encodeRow(record: unknown): Uint8Array {
  return packr.pack(record)
}

export function decodeRow(bytes: unknown): unknown {
  return packr.unpack(bytes as Uint8Array)
}
