/** Colours and symbols. What a state looks like is decided here and nowhere else. */
import { styleText } from 'node:util'
import type { PeerView, RunView, TaskView } from '../../src/index.ts'

export type TaskState = TaskView['state']
export type RunState = RunView['state']
type PeerState = PeerView['state']

type Style = Parameters<typeof styleText>[0]
export type Paint = (text: string) => string

export interface Palette {
  bold: Paint
  dim: Paint
  red: Paint
  green: Paint
  yellow: Paint
  blue: Paint
  magenta: Paint
  cyan: Paint
}

/** Where something is drawn: everything that a view needs to know about the terminal and the moment. */
export interface Surface {
  columns: number
  palette: Palette
  /** False when the locale is not UTF-8: symbols, bars and branches are then drawn in ASCII. */
  unicode: boolean
  /** Milliseconds since 1970, for ages. */
  now: number
  /** Default: the machine's. */
  timeZone?: string
}

const plain: Paint = text => text
export const PLAIN: Palette = {
  bold: plain,
  dim: plain,
  red: plain,
  green: plain,
  yellow: plain,
  blue: plain,
  magenta: plain,
  cyan: plain,
}

export const COLOURFUL: Palette = {
  bold: painter('bold'),
  // Bright black instead of the `dim` attribute, which some terminals do not show at all.
  dim: painter('gray'),
  red: painter('red'),
  green: painter('green'),
  yellow: painter('yellow'),
  blue: painter('blue'),
  magenta: painter('magenta'),
  cyan: painter('cyan'),
}

export interface Look {
  symbol: string
  ascii: string
  colour: keyof Palette
  label: string
}

/** In the order in which counts are told. */
export const TASK_LOOKS: Record<TaskState, Look> = {
  done: { symbol: '✓', ascii: '+', colour: 'green', label: 'done' },
  claimed: { symbol: '●', ascii: '>', colour: 'blue', label: 'running' },
  ready: { symbol: '○', ascii: 'o', colour: 'cyan', label: 'ready' },
  blocked: { symbol: '·', ascii: '.', colour: 'dim', label: 'waiting' },
  skipped: { symbol: '↷', ascii: '-', colour: 'dim', label: 'skipped' },
  stopped: { symbol: '■', ascii: '#', colour: 'yellow', label: 'stopped' },
  cancelled: { symbol: '⊘', ascii: '/', colour: 'dim', label: 'cancelled' },
  failed: { symbol: '✗', ascii: 'x', colour: 'red', label: 'failed' },
  aborted: { symbol: '✗', ascii: 'x', colour: 'red', label: 'aborted' },
  lost: { symbol: '?', ascii: '?', colour: 'magenta', label: 'lost' },
}

export const RUN_LOOKS: Record<RunState, Look> = {
  succeeded: { symbol: '✓', ascii: '+', colour: 'green', label: 'succeeded' },
  running: { symbol: '●', ascii: '>', colour: 'blue', label: 'running' },
  failed: { symbol: '✗', ascii: 'x', colour: 'red', label: 'failed' },
  aborted: { symbol: '✗', ascii: 'x', colour: 'red', label: 'aborted' },
  stopped: { symbol: '■', ascii: '#', colour: 'yellow', label: 'stopped' },
}

export const PEER_LOOKS: Record<PeerState, Look> = {
  alive: { symbol: '●', ascii: '*', colour: 'green', label: 'alive' },
  draining: { symbol: '◐', ascii: '%', colour: 'yellow', label: 'draining' },
  dead: { symbol: '✗', ascii: 'x', colour: 'red', label: 'dead' },
}

/** A live peer whose beat has stopped: frozen, or cut off from the ledger. */
export const SILENT_LOOK: Look = { symbol: '◌', ascii: '~', colour: 'red', label: 'silent' }
export const EVICTED_LOOK: Look = { symbol: '✗', ascii: 'x', colour: 'red', label: 'evicted' }

/** A run that no peer has begun yet: its state is running all the same. */
export const UNBEGUN_LOOK: Look = { symbol: '○', ascii: 'o', colour: 'cyan', label: 'running' }

/** The symbol alone, coloured. */
export function symbolOf(look: Look, { palette, unicode }: Surface): string {
  return palette[look.colour](unicode ? look.symbol : look.ascii)
}

/** `✓ succeeded`, coloured. */
export function badgeOf(look: Look, { palette, unicode }: Surface): string {
  return palette[look.colour](`${unicode ? look.symbol : look.ascii} ${look.label}`)
}

/** ` · ` between facts. */
export function dot({ palette, unicode }: Surface): string {
  return unicode ? palette.dim(' · ') : palette.dim(', ')
}

function painter(style: Style): Paint {
  return text => (text === '' ? '' : styleText(style, text, { validateStream: false }))
}
