/**
 * Draws what a terminal shows as an SVG picture, for the docs: `lf … | node scripts/draw-terminal.ts "title" > picture.svg`, with
 * FORCE_COLOR=1 for `lf`. Knows the colours that `lf` uses and nothing more.
 */
import { text } from 'node:stream/consumers'

const CELL_WIDTH_PX = 8.4
const LINE_HEIGHT_PX = 19
const MARGIN_PX = 18
const BAR_PX = 30

const COLOURS: Record<string, string> = {
  '31': '#f7768e',
  '32': '#9ece6a',
  '33': '#e0af68',
  '34': '#7aa2f7',
  '35': '#bb9af7',
  '36': '#7dcfff',
  '90': '#737aa2',
}
const FOREGROUND = '#c0caf5'

interface Span {
  text: string
  colour: string
  bold: boolean
}

const [title = 'lf'] = process.argv.slice(2)
process.stdout.write(drawTerminal(await text(process.stdin), title))

function drawTerminal(output: string, caption: string): string {
  const lines = output.trimEnd().split('\n').map(parseLine)
  const columns = Math.max(
    80,
    ...lines.map(spans => spans.reduce((sum, span) => sum + Array.from(span.text).length, 0)),
  )
  const width = Math.ceil(columns * CELL_WIDTH_PX + 2 * MARGIN_PX)
  const height = Math.ceil(lines.length * LINE_HEIGHT_PX + 2 * MARGIN_PX + BAR_PX)
  const rows = lines.map((spans, index) => drawLine(spans, MARGIN_PX + BAR_PX + (index + 0.75) * LINE_HEIGHT_PX))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escape(caption)}</title>
<rect width="${width}" height="${height}" rx="8" fill="#1a1b26"/>
<text x="${width / 2}" y="24" text-anchor="middle" font-family="sans-serif" font-size="13" fill="#737aa2">${escape(caption)}</text>
<g font-family="'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" xml:space="preserve">
${rows.filter(row => row !== '').join('\n')}
</g>
</svg>
`
}

/** Each character has its place, so that a font with other widths keeps the columns. */
function drawLine(spans: readonly Span[], y: number): string {
  let column = 0
  return spans
    .map(({ text: content, colour, bold }) => {
      const characters = Array.from(content)
      const x = MARGIN_PX + column * CELL_WIDTH_PX
      column += characters.length
      if (content.trim() === '') return ''
      const length = (characters.length * CELL_WIDTH_PX).toFixed(1)
      const weight = bold ? ' font-weight="bold"' : ''
      return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="${colour}"${weight} textLength="${length}">${escape(content)}</text>`
    })
    .join('')
}

function parseLine(line: string): Span[] {
  const spans: Span[] = []
  let colour = FOREGROUND
  let bold = false
  // oxlint-disable-next-line no-control-regex -- escape sequences begin with a control character
  for (const [part] of line.matchAll(/\u001b\[[0-9;]*m|[^\u001b]+/g)) {
    const codes = part.startsWith('\u001b') ? part.slice(2, -1).split(';') : undefined
    if (codes === undefined) spans.push({ text: part, colour, bold })
    for (const code of codes ?? []) {
      if (code === '39' || code === '0') colour = FOREGROUND
      if (code === '22' || code === '0') bold = false
      if (code === '1') bold = true
      colour = COLOURS[code] ?? colour
    }
  }
  return spans
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
