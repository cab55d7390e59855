/**
 * First line of the docstring of a source text: its first comment that opens with two asterisks, before any code. Empty when there
 * is none.
 */
export function readDescription(source: string): string {
  const docstring = leadingDocstring(source)
  const lines = docstring.split(/\r?\n/).map(line => line.replace(/^\s*\*?/, '').trim())
  return lines.find(line => line !== '') ?? ''
}

function leadingDocstring(source: string): string {
  let at = skip(/\uFEFF?(?:#!.*)?/y, source, 0)
  for (;;) {
    at = skip(/\s*/y, source, at)
    if (source.startsWith('//', at)) {
      at = skip(/.*/y, source, at)
      continue
    }
    const end = source.startsWith('/*', at) ? source.indexOf('*/', at + 2) : -1
    if (end === -1) return ''
    // A plain block comment before it is a licence, and `/**/` is nothing at all.
    if (source.startsWith('/**', at) && end > at + 2) return source.slice(at + 3, end)
    at = end + 2
  }
}

function skip(sticky: RegExp, source: string, at: number): number {
  sticky.lastIndex = at
  return sticky.test(source) ? sticky.lastIndex : at
}
