/** A DAG that a source text makes, as far as its text alone tells. */
export interface MadeDag {
  /** Of the variable. */
  variable: string
  /** Counted from 1. */
  line: number
}

const MAKES_DAG = /^\s*(?:const|let|var)\s+([\p{L}_$][\p{L}\p{N}_$]*)\b[^=]*=\s*new\s+Dag\s*\(/u

/** The DAGs that a source text makes without the word `export` before them, in order: a guess for a hint, not a parser. */
export function unexportedDags(source: string): MadeDag[] {
  return source.split('\n').flatMap((text, index) => {
    const variable = MAKES_DAG.exec(text)?.[1]
    return variable === undefined ? [] : [{ variable, line: index + 1 }]
  })
}
