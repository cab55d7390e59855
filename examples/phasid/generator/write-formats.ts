/** The four file formats, with the quirks that real files have. */
import type { Measured } from './measure.ts'

export type ProfileFormat = 'dat' | 'csv' | 'pdh' | 'xml'

export const profileFormats: readonly ProfileFormat[] = ['dat', 'csv', 'pdh', 'xml']

/** The text of a profile. `dat` and `csv` do not say that q is in 1/Angstrom; `pdh` has q in 1/nm; `xml` says its unit. */
export function formatProfile(format: ProfileFormat, name: string, measured: Measured): string {
  return writers[format](name, measured)
}

const writers: Record<ProfileFormat, (name: string, measured: Measured) => string> = {
  dat: (name, measured) => {
    const rows = rowsOf(measured).map(row => row.map(value => value.toExponential(6).padStart(16)).join(''))
    return [`${name}.dat`, '              q               I             Err', ...rows, ''].join('\n')
  },
  csv: (_name, measured) => {
    const rows = rowsOf(measured).map((row, at) =>
      at % 97 === 5 ? missing(row) : row.map(value => value.toPrecision(6)),
    )
    return ['q,I,sigma', ...rows.map(row => row.join(',')), ''].join('\n')
  },
  pdh: (_name, measured) => {
    const rows = rowsOf(measured).map(([q, ...rest]) => [q! * 10, ...rest].map(value => exponential(value)).join(' '))
    return ['', 'SAXS BOX'.padEnd(80), ...pdhHeader(rows.length), ...rows, pdhFooter, ''].join('\r\n')
  },
  xml: (name, measured) => {
    const rows = rowsOf(measured).map(
      ([q, intensity, sigma]) =>
        `   <Idata><Q unit="1/A">${q!.toPrecision(7)}</Q><I unit="1/cm">${intensity!.toPrecision(7)}</I>` +
        `<Idev unit="1/cm">${sigma!.toPrecision(7)}</Idev></Idata>`,
    )
    return [cansasHead(name), ...rows, '  </SASdata>', ' </SASentry>', '</SASroot>', ''].join('\n')
  },
}

function rowsOf({ q, intensity, sigma }: Measured): number[][] {
  return q.map((value, row) => [value, intensity[row]!, sigma[row]!])
}

/** A detector gap, as `.csv` exports have them. */
function missing(row: readonly number[]): string[] {
  return [row[0]!.toPrecision(6), 'NaN', 'NaN']
}

function exponential(value: number): string {
  return value.toExponential(6).toUpperCase().padStart(14)
}

/** The promised number of rows is too large by the masked points, as the instrument writes it. */
function pdhHeader(rows: number): string[] {
  const counts = [rows + 14, 0, 0, 0, 0, 0, 0, 0].map(value => String(value).padStart(9)).join(' ')
  const constants = [0, 306.8, 0, 1, 0.1542].map(exponential).join(' ')
  return [counts, constants, constants]
}

const pdhFooter = [
  '<?xml version="1.0" encoding="utf-8"?>',
  '<fileinfo version="3.80">',
  '  <column key="X">',
  '    <value key="unit">n_m^-1</value>',
  '    <value key="quantity">SCATTERING_VECTOR</value>',
  '  </column>',
  '</fileinfo>',
].join('\r\n')

function cansasHead(name: string): string {
  return [
    '<?xml version="1.0"?>',
    '<SASroot version="1.1" xmlns="urn:cansas1d:1.1">',
    ` <SASentry name="${name}">`,
    `  <Title>${name}</Title>`,
    '  <SASdata>',
  ].join('\n')
}
