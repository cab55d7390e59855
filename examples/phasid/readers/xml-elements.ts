/** One start tag of an XML text with what follows it: enough for flat scientific formats, no document tree. */
export type XmlElement = {
  /** Local name: `Q` for `<cs:Q>`. An end tag has the name `/Q`. */
  name: string
  /** The tag's text after the name, for `xmlAttribute`. */
  attributes: string
  /** Character data up to the next tag. */
  text: string
}

/**
 * Walks over the tags of an XML text in order, skipping comments, declarations and processing instructions.
 * Time is linear in the text whatever it holds, and broken XML only ends the walk early.
 */
export function* xmlElements(text: string): Generator<XmlElement> {
  let at = text.indexOf('<')
  while (at >= 0) {
    const end = text.indexOf(...closingOf(text, at))
    if (end < 0) return
    const next = text.indexOf('<', end)
    const tag = text.slice(at + 1, end)
    if (!tag.startsWith('!') && !tag.startsWith('?')) {
      const [, slash, name = '', attributes = ''] = /^(\/?)(?:[\w.-]*:)?([\w.-]*)([^]*)$/.exec(tag) ?? []
      yield { name: `${slash}${name}`, attributes, text: text.slice(end + 1, next < 0 ? undefined : next) }
    }
    at = next
  }
}

/** The value of one attribute; undefined when the tag does not have it. */
export function xmlAttribute(element: XmlElement, name: string): string | undefined {
  const match = new RegExp(`(?:^|\\s)${name}\\s?=\\s?(?:"([^"]*)"|'([^']*)')`).exec(element.attributes)
  return match?.[1] ?? match?.[2]
}

function closingOf(text: string, at: number): [string, number] {
  return text.startsWith('<!--', at) ? ['-->', at + 4] : ['>', at]
}
