/** An unknown command: says so, names the most similar one, and exits with 127; with `--json` in the form of every error. */
import { Errors, type Hook } from '@oclif/core'
import { errorJson, errorText, EXIT } from '../error-report.ts'
import { surfaceOf } from '../terminal.ts'

const hook: Hook.CommandNotFound = async ({ id, config }) => {
  const { bin } = config
  const typed = id.replaceAll(':', ' ')
  const named = [
    ...config.commands.filter(({ hidden }) => !hidden).map(command => command.id),
    ...config.topics.map(({ name }) => name),
  ]
  const known = named.map(name => name.replaceAll(':', ' '))
  const similar = mostSimilar(typed, known)
  const topic = config.findTopic(id.split(':')[0] ?? '')
  const list = `Run \`${bin} ${topic === undefined ? '' : `${topic.name.replaceAll(':', ' ')} `}--help\` for the list of commands.`
  const report = {
    code: 'LF_UNKNOWN_COMMAND',
    message: `\`${bin} ${typed}\` is no command.`,
    hint: similar === undefined ? list : `Did you mean \`${bin} ${similar}\`? ${list}`,
    exitCode: EXIT.unknownCommand,
  }
  const { argv } = process
  const surface = surfaceOf(process.stderr, process.env, { noColour: argv.includes('--no-color'), now: 0 })
  if (argv.includes('--json')) process.stdout.write(`${JSON.stringify(errorJson(report), null, 2)}\n`)
  else process.stderr.write(`${errorText(report, surface)}\n`)
  throw new Errors.ExitError(EXIT.unknownCommand)
}

export default hook

/** Undefined when nothing is near: at most a third of the letters may differ. */
export function mostSimilar(typed: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map(name => ({ name, distance: editDistance(typed, name) }))
    .sort((a, b) => a.distance - b.distance)
  return best !== undefined && best.distance <= Math.max(2, Math.ceil(best.name.length / 3)) ? best.name : undefined
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
