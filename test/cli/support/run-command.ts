/** Runs one command class in this process, with a fake client behind the door, and catches what it printed and how it ended. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Config, settings } from '@oclif/core'
import { door } from '../../../cli/connect.ts'
import { type FakeClient, fakeClient } from './fake-client.ts'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

export interface Outcome {
  stdout: string
  stderr: string
  exitCode: number
  client: FakeClient
}

let config: Promise<Config> | undefined

/** `id` as in `workflow:start`. */
export async function runCommand(id: string, argv: string[], client: FakeClient = fakeClient()): Promise<Outcome> {
  config ??= loadConfig()
  const loaded = await config
  const CommandOfId = await loaded.findCommand(id, { must: true }).load()
  const openClient = door.openClient.bind(door)
  door.openClient = async () => client
  const output = catchOutput()
  const exitCodeBefore = process.exitCode
  process.exitCode = undefined
  try {
    const thrown = await CommandOfId.run(argv, loaded).then(
      () => undefined,
      (error: unknown) => error,
    )
    const exitCode = exitCodeOf(thrown) ?? exitCodeSet()
    return { ...output.end(), exitCode, client }
  } finally {
    output.end()
    process.exitCode = exitCodeBefore
    door.openClient = openClient
  }
}

function exitCodeSet(): number {
  return Number(process.exitCode ?? 0)
}

function loadConfig(): Promise<Config> {
  settings.enableAutoTranspile = false
  const pjson = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8'))
  pjson.oclif.commands.target = './cli/commands'
  pjson.oclif.plugins = []
  return Config.load({ root: ROOT, pjson })
}

function exitCodeOf(thrown: unknown): number | undefined {
  if (thrown === undefined) return undefined
  const { oclif } = thrown as { oclif?: { exit?: number } }
  if (oclif?.exit === undefined) throw thrown
  return oclif.exit
}

function catchOutput(): { end(): { stdout: string; stderr: string } } {
  const caught = { stdout: '', stderr: '' }
  const restore = (['stdout', 'stderr'] as const).map(name => {
    const stream = process[name]
    const write = stream.write.bind(stream)
    stream.write = (chunk: string | Uint8Array) => {
      caught[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      return true
    }
    return () => {
      stream.write = write
    }
  })
  return {
    end() {
      for (const undo of restore) undo()
      return caught
    },
  }
}
