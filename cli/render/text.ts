/** How wide texts are in a terminal, and how to make them fit: colours count nothing, wide characters count two columns. */
import { stripVTControlCharacters } from 'node:util'

const ELLIPSIS = { unicode: '…', ascii: '~' }
const WIDE =
  /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}|[！-｠￠-￦]/u
const NO_WIDTH = /^[\p{Mark}\p{Cf}\p{Cc}]+$/u
// oxlint-disable-next-line no-control-regex -- colours are control characters
const STYLE = /(\u001b\[[\d;]*m)/

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Columns that `text` takes. */
export function widthOf(text: string): number {
  const plain = stripVTControlCharacters(text)
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length
  let width = 0
  for (const { segment } of graphemes.segment(plain)) width += graphemeWidth(segment)
  return width
}

/** `text` cut to at most `columns`, the last of them an ellipsis; colours before the cut are kept and closed. */
export function truncate(text: string, columns: number, { ascii = false } = {}): string {
  if (widthOf(text) <= columns) return text
  if (columns <= 0) return ''
  const room = columns - 1
  let kept = ''
  let width = 0
  let styled = false
  for (const piece of text.split(STYLE)) {
    if (piece.startsWith('\u001b')) {
      styled = true
      kept += piece
      continue
    }
    for (const { segment } of graphemes.segment(piece)) {
      width += graphemeWidth(segment)
      if (width > room) return kept + (ascii ? ELLIPSIS.ascii : ELLIPSIS.unicode) + (styled ? '\u001b[0m' : '')
      kept += segment
    }
  }
  return kept
}

export function pad(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const gap = ' '.repeat(Math.max(0, columns - widthOf(text)))
  return align === 'left' ? text + gap : gap + text
}

/** `left` and `right` at the two ends of a line; `left` is cut when both do not fit. */
export function ends(left: string, right: string, columns: number, options?: { ascii?: boolean }): string {
  const room = columns - widthOf(right) - 2
  const cut = truncate(left, Math.max(0, room), options)
  return right === '' ? truncate(left, columns, options) : pad(cut, columns - widthOf(right)) + right
}

/**
 * Plain prose broken at spaces; following lines are indented by `indent` columns. A word longer than a line stays whole. A line that begins
 * with two blanks is an excerpt of code, in which columns matter: it is cut instead.
 */
export function wrap(text: string, columns: number, indent = 0): string {
  return text
    .split('\n')
    .map(paragraph =>
      paragraph.startsWith('  ') ? truncate(paragraph, columns - indent) : wrapParagraph(paragraph, columns, indent),
    )
    .join(`\n${' '.repeat(indent)}`)
}

/** Control characters of foreign texts (task output, error messages) must not reach the terminal. */
export function harmless(text: string): string {
  return stripVTControlCharacters(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '') // oxlint-disable-line no-control-regex
}

function wrapParagraph(paragraph: string, columns: number, indent: number): string {
  const lines: string[] = []
  let line = ''
  for (const word of paragraph.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && widthOf(longer) + indent > columns) {
      lines.push(line)
      line = word
    } else {
      line = longer
    }
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}

function graphemeWidth(segment: string): number {
  if (NO_WIDTH.test(segment)) return 0
  return WIDE.test(segment) ? 2 : 1
}
