import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { followOutputs } from '../../src/node/follow-outputs.ts'

describe('following the output of tasks', () => {
  let folder: string
  let over: boolean
  let turns: (() => Promise<void>)[]
  const stop = new AbortController()

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lightflow-outputs-'))
    over = false
    turns = []
  })

  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function write(file: string, text: string): Promise<void> {
    await mkdir(join(folder, 'r', 'main%3A1'), { recursive: true })
    await appendFile(join(folder, 'r', 'main%3A1', file), text)
  }

  /** Between two looks the next of `turns` happens; after the last one the run is over. */
  async function follow(task?: string): Promise<string[]> {
    const clock = {
      sleep: async (): Promise<void> => {
        const turn = turns.shift()
        if (turn === undefined) over = true
        else await turn()
      },
    }
    const lines: string[] = []
    const options = { run: 'r', task, signal: stop.signal, isOver: async () => over }
    for await (const line of followOutputs(folder, clock, options)) {
      lines.push(`${line.task}.${line.epoch} ${line.stream} ${line.line}`)
    }
    return lines
  }

  it('tells lines as they come, each once, also of attempts that begin later', async () => {
    await write('a.1.log', 'o one\n')
    turns = [() => write('a.1.log', 'e two\no three\n'), async () => {}, () => write('a.2.log', 'o again\n')]
    assert.deepEqual(await follow(), ['a.1 stdout one', 'a.1 stderr two', 'a.1 stdout three', 'a.2 stdout again'])
  })

  it('waits for the end of a line, also in the middle of a letter', async () => {
    const bytes = Buffer.from('o grün\n')
    const half = bytes.indexOf(0xbc)
    await write('a.1.log', '')
    const file = join(folder, 'r', 'main%3A1', 'a.1.log')
    turns = [() => appendFile(file, bytes.subarray(0, half)), () => appendFile(file, bytes.subarray(half))]
    assert.deepEqual(await follow(), ['a.1 stdout grün'])
  })

  it('keeps a line whole that is longer than what is read at once', async () => {
    const long = 'x'.repeat(700_000)
    await write('a.1.log', `o ${long}\no end\n`)
    assert.deepEqual(await follow(), [`a.1 stdout ${long}`, 'a.1 stdout end'])
  })

  it('follows one task alone', async () => {
    await write('a.1.log', 'o mine\n')
    await write('b.1.log', 'o other\n')
    turns = [() => write('b.1.log', 'o other\n')]
    assert.deepEqual(await follow('main/a'), ['a.1 stdout mine'])
  })

  it('waits for the first line of a run that has not begun', async () => {
    turns = [() => write('a.1.log', 'o first\n')]
    assert.deepEqual(await follow(), ['a.1 stdout first'])
  })
})
