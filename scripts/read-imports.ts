/** Finds what a TypeScript file imports, without a compiler: comments and texts are taken out first, so that neither can mislead. */

export interface Import {
  specifier: string
  /** Counted from 1. */
  line: number
  isType: boolean
}

export interface Source {
  imports: Import[]
  /** The code, line by line as it was, without comments, texts and expressions. */
  code: string
}

export function readSource(text: string): Source {
  const { code, literals } = blank(text)
  return { imports: findImports(code, literals), code }
}

/** Stands for a text in the code; the number is its place among them. */
const MARK = '\u0001'

const STATEMENTS = [
  new RegExp(`\\b(?:import|export)\\b(\\s+type\\b)?[\\w\\s{},*$]*?\\bfrom\\s*${MARK}(\\d+)${MARK}`, 'g'),
  new RegExp(`\\bimport()\\s*${MARK}(\\d+)${MARK}`, 'g'),
  new RegExp(`\\bimport()\\s*\\(\\s*${MARK}(\\d+)${MARK}`, 'g'),
]

function findImports(code: string, literals: readonly string[]): Import[] {
  const imports = STATEMENTS.flatMap(statement =>
    Array.from(code.matchAll(statement), ({ 0: matched, 1: type, 2: literal, index }) => ({
      specifier: literals[Number(literal)] ?? '',
      line: lineAt(code, index + matched.length),
      isType: type !== undefined && type !== '',
    })),
  )
  return imports.sort((a, b) => a.line - b.line)
}

export function lineAt(code: string, index: number): number {
  return code.slice(0, index).split('\n').length
}

const TOKENS =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"|`|\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*|[{}]/g

/** What may stand before an expression in slashes; after anything else a slash divides. */
const BEFORE_EXPRESSION = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\breturn|\btypeof|\bcase)\s*$/

function blank(text: string): { code: string; literals: string[] } {
  const literals: string[] = []
  let code = ''
  let position = 0
  /** Open braces, innermost last; true for those that end inside a template. */
  const braces: boolean[] = []
  const tokens = new RegExp(TOKENS)

  const mark = (literal: string, source: string) => {
    code += `${MARK}${literals.push(literal) - 1}${MARK}${lineBreaks(source)}`
  }
  const template = (from: number) => {
    const end = templatePart(text, from)
    mark('', text.slice(from, end))
    if (text[end - 1] === '{') braces.push(true)
    tokens.lastIndex = position = end
  }

  for (let token = tokens.exec(text); token !== null; token = tokens.exec(text)) {
    const [found] = token
    code += text.slice(position, token.index)
    position = tokens.lastIndex
    const isExpression = found.length > 1 && found.startsWith('/') && !/^\/[/*]/.test(found)
    if (found === '`') template(position)
    else if (found === '{') code += (braces.push(false), found)
    else if (found === '}' && braces.pop() === true) template(position)
    else if (found === '}') code += found
    else if (/^['"]/.test(found)) mark(found.slice(1, -1), found)
    else if (isExpression && !BEFORE_EXPRESSION.test(code)) {
      code += '/'
      tokens.lastIndex = position = token.index + 1
    } else code += ` ${lineBreaks(found)}`
  }
  return { code: code + text.slice(position), literals }
}

/** Where this part of a template ends: behind its closing backtick, or behind the `${` of an expression in it. */
function templatePart(text: string, from: number): number {
  for (let index = from; index < text.length; index++) {
    if (text[index] === '\\') index += 1
    else if (text[index] === '`') return index + 1
    else if (text.startsWith('${', index)) return index + 2
  }
  return text.length
}

function lineBreaks(source: string): string {
  return '\n'.repeat(source.split('\n').length - 1)
}
