/** A line that a task wrote. */
import type { LogLine } from '../../src/index.ts'
import type { Surface } from './colours.ts'
import { lastName } from './task-tree.ts'
import { harmless } from './text.ts'

/** `identify:17/peaks | text`, the attempt named from the second on; what went to stderr is yellow. Without `named` the text alone. */
export function logText(
  { dag, task, epoch, stream, line }: LogLine,
  { palette, unicode }: Surface,
  { named = true } = {},
): string {
  const text = stream === 'stderr' ? palette.yellow(harmless(line)) : harmless(line)
  if (!named) return text
  const again = epoch > 1 ? ` #${epoch}` : ''
  return `${palette.dim(`${harmless(dag)}/${harmless(lastName(task))}${again} ${unicode ? '│' : '|'}`)} ${text}`
}
