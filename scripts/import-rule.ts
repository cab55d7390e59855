/** The import rule: a file imports from its own room or a lower floor, never sideways and never up. Pure. */
import { dirname, join } from 'node:path/posix'
import { type Import, type Source, lineAt, readSource } from './read-imports.ts'

/** The house, from the ground up; rooms in one line are neighbours and do not see each other. */
const FLOORS = [
  ['src/core'],
  ['protocols'],
  ['src/workflow'],
  ['src/tasks'],
  ['src/bundle'],
  ['src/lease'],
  ['src/ledger', 'src/payload', 'src/mesh', 'src/workers'],
  ['src/supervisor'],
  ['src/node'],
  ['src/index.ts'],
  ['cli'],
]

/** What others see of a room with adapters. */
const PORTS: Readonly<Record<string, string>> = {
  'src/ledger': 'src/ledger/ledger.ts',
  'src/payload': 'src/payload/payload-store.ts',
  'src/mesh': 'src/mesh/mesh.ts',
  'src/workers': 'src/workers/worker-pool.ts',
}

/** The one room that names adapters. */
const COMPOSITION_ROOM = 'src/node'
const LIBP2P_ROOM = 'src/mesh/libp2p/'
const LIBP2P_PACKAGE = /^(libp2p|@libp2p\/.+|@chainsafe\/libp2p-.+)$/

/** Rooms of decisions: the clock and chance come in as collaborators. */
const PURE_ROOMS = ['src/core', 'src/lease', 'src/workflow']
const PURE_EXCEPTIONS = new Set(['src/core/clock.ts', 'src/core/random.ts'])
const IMPURE_CALL = /\b(?:Date\.now|performance\.now|Math\.random|setTimeout|setInterval)\b/g

export interface Violation {
  file: string
  line: number
  message: string
}

/** `files`: text by path from the root of the checkout, with slashes. */
export function findViolations(files: ReadonlyMap<string, string>): Violation[] {
  const sources = new Map(Array.from(files, ([file, text]) => [file, readSource(text)]))
  const found: Violation[] = []
  for (const [file, source] of sources) {
    for (const one of source.imports) {
      const message = explain(file, one.specifier)
      if (message !== undefined) found.push({ file, line: one.line, message })
    }
    found.push(...impureCalls(file, source))
  }
  return [...found, ...findCycles(sources)].sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line)
}

/** Why this import is not allowed, and what to do; undefined when it is. */
function explain(file: string, specifier: string): string | undefined {
  if (file.startsWith('examples/')) return explainExample(file, specifier)
  const target = resolveOwn(file, specifier)
  if (target === undefined) return explainPackage(file, specifier)
  const [from, to] = [roomOf(file), roomOf(target)]
  if (from === undefined) return `no floor is known for this file: add its room to FLOORS in scripts/import-rule.ts.`
  const isShownByCli = from === 'cli' && target.startsWith('examples/')
  if (isShownByCli) return undefined
  if (to === undefined) return `imports ${target}, which is no room of the house: move what is needed into one.`
  if (from === to) return undefined
  if (from === 'src/core') return `src/core imports ${target}: core stands alone, move what it needs into it.`
  if (from === 'cli') {
    return target === 'src/index.ts' ? undefined : `the command line imports ${target}: export it from src/index.ts.`
  }
  return explainFloors(from, to) ?? explainPort(from, to, target)
}

function explainFloors(from: string, to: string): string | undefined {
  const [own, other] = [floorOf(from), floorOf(to)]
  if (other < own) return undefined
  const direction = other === own ? 'sideways' : 'upwards'
  return `${from} imports ${direction} from ${to}: pass it in from above, or move the shared part to a lower floor.`
}

function explainPort(from: string, to: string, target: string): string | undefined {
  const port = PORTS[to]
  if (port === undefined || target === port || from === COMPOSITION_ROOM) return undefined
  return `imports ${target}: of ${to} others see only its port ${port}; let src/node put the adapter in.`
}

function explainPackage(file: string, specifier: string): string | undefined {
  if (specifier === 'lightflow') return 'imports the library by its own name: use a relative path.'
  if (!LIBP2P_PACKAGE.test(specifier) || file.startsWith(LIBP2P_ROOM)) return undefined
  return `imports ${specifier}: only ${LIBP2P_ROOM} knows libp2p, ask for what you need through src/mesh/mesh.ts.`
}

function explainExample(file: string, specifier: string): string | undefined {
  if (specifier === 'lightflow' || specifier.startsWith('node:')) return undefined
  const target = resolveOwn(file, specifier)
  const folder = /^examples\/[^/]+\//.exec(file)?.[0] ?? 'examples/'
  if (target?.startsWith(folder) === true) return undefined
  return `an example imports ${specifier}: it is copied to users, so it may use 'lightflow', node: modules and its own folder.`
}

/** Path from the root of what a relative import means; undefined for packages. */
function resolveOwn(file: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? join(dirname(file), specifier) : undefined
}

function roomOf(file: string): string | undefined {
  return FLOORS.flat().find(room => file === room || file.startsWith(`${room}/`))
}

function floorOf(room: string): number {
  return FLOORS.findIndex(floor => floor.includes(room))
}

function impureCalls(file: string, { code }: Source): Violation[] {
  const isPure = PURE_ROOMS.some(room => file.startsWith(`${room}/`)) && !PURE_EXCEPTIONS.has(file)
  if (!isPure) return []
  return Array.from(code.matchAll(IMPURE_CALL), ({ 0: call, index }) => ({
    file,
    line: lineAt(code, index),
    message: `uses ${call}: decisions are pure, take a Clock or a Random (src/core) as a collaborator.`,
  }))
}

/** Each circle once, told where it closes. Types alone make none: they are gone when the code runs. */
function findCycles(sources: ReadonlyMap<string, Source>): Violation[] {
  const found: Violation[] = []
  const finished = new Set<string>()
  const path: string[] = []

  const visit = (file: string, via: Import | undefined) => {
    const start = path.indexOf(file)
    if (start !== -1 && via !== undefined) {
      const circle = [...path.slice(start), file].join(' -> ')
      const last = path.at(-1) as string
      found.push({
        file: last,
        line: via.line,
        message: `imports in a circle: ${circle}: move what both need into a third file.`,
      })
    }
    if (start !== -1 || finished.has(file)) return
    path.push(file)
    for (const one of sources.get(file)?.imports ?? []) {
      if (one.isType) continue
      const target = resolveOwn(file, one.specifier)
      if (target !== undefined && sources.has(target)) visit(target, one)
    }
    path.pop()
    finished.add(file)
  }
  for (const file of sources.keys()) visit(file, undefined)
  return found
}
