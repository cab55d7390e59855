/** Building blocks of SVG text. Every text and attribute is escaped here, so that no file name can break the drawing. */

type Attributes = Readonly<Record<string, string | number>>

/** One element; numbers are rounded to a hundredth of a pixel. */
export function element(name: string, attributes: Attributes, ...content: string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(plain(value))}"`)
  return `<${name}${written.join('')}${content.length === 0 ? '/>' : `>${content.join('')}</${name}>`}`
}

/** A text element; `content` is cut to `maxLength` characters. */
export function text(content: string, attributes: Attributes, maxLength = 80): string {
  const short = content.length > maxLength ? `${content.slice(0, maxLength - 1)}…` : content
  return element('text', attributes, escapeXml(short))
}

/** Characters with a meaning in XML are escaped, those that XML forbids are replaced. */
export function escapeXml(value: string): string {
  return value
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

function plain(value: string | number): string {
  return typeof value === 'number' ? String(Math.round(value * 100) / 100) : value
}
