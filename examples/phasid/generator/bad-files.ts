import type { Truth } from './generate-series.ts'

/** Files that no reader can use, one kind after the other: empty, cut off, an error page, bytes, broken XML. */
export function badFile(index: number): Truth & { text: string } {
  const { format, text } = kinds[index % kinds.length]!
  return {
    file: `SIM_bad_${String(index + 1).padStart(2, '0')}.${format}`,
    format,
    composition: null,
    temperature: null,
    state: 'error',
    phases: [],
    text,
  }
}

const kinds: readonly Pick<Truth & { text: string }, 'format' | 'text'>[] = [
  { format: 'dat', text: '' },
  { format: 'dat', text: 'scan_0042.dat\n q I Err\n0.0101 153.2 1.2\n0.0106 150.8 1.2\n0.01' },
  { format: 'csv', text: '<html><body><h1>503 Service Unavailable</h1></body></html>\n' },
  { format: 'pdh', text: 'II*\u0000\u0008\u0000\u0000\u0000\u0012\u0000\uFFFD\uFFFD\u0000\u0003' },
  { format: 'xml', text: '<?xml version="1.0"?>\n<SASroot><SASentry><SASdata><Idata><Q unit="1/A">0.01</Q><I>12' },
]
