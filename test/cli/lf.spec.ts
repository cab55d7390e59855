import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../support/eventually.ts'
import { endAll, FAKES, lf, LF, spawnLf } from './support/spawn-lf.ts'

const OLD_NODE = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})`

/** Each program that a process runs tells its flags. */
const TELLING = `data:text/javascript,console.error('@'+JSON.stringify({pid:process.pid,flags:process.execArgv}))`
const TELLS = `--import=${TELLING}`
/** A peer that ends at once. */
const REFUSED = ['node', '--capacity', '0']

function told(stderr: string): { pid: number; flags: string[] }[] {
  return Array.from(stderr.matchAll(/^@(.*)$/gm), ([, line = '']) => JSON.parse(line))
}

describe('the lf command', () => {
  afterEach(endAll)

  it('shows its topics, and the version', async () => {
    const help = await lf(['--help'])
    assert.equal(help.exit, 0)
    for (const word of ['mesh', 'workflow', 'node', 'autocomplete'])
      assert.match(help.stdout, new RegExp(`^  ${word} `, 'm'))
    assert.match((await lf(['--version'])).stdout, /^lightflow\/\d+\.\d+\.\d+ \S+ node-v\d+/)
  })

  it('answers an unknown command with 127 and the one that was meant', async () => {
    const human = await lf(['workflow', 'strt'])
    assert.equal(human.exit, 127)
    assert.match(human.stderr, /`lf workflow strt` is no command[^]*Did you mean `lf workflow start`/)
    const machine = await lf(['workflow', 'strt', '--json'])
    assert.equal(machine.exit, 127)
    assert.equal(JSON.parse(machine.stdout).error.code, 'LF_UNKNOWN_COMMAND')
  })

  it('exits with 0, 1 and 2 for good, failed and mistyped commands', async () => {
    const ended = await Promise.all([
      lf(['workflow', 'status'], { preload: [FAKES] }),
      lf(['workflow', 'status', 'nope'], { preload: [FAKES] }),
      lf(['workflow', 'status', '--loud'], { preload: [FAKES] }),
    ])
    assert.deepEqual(
      ended.map(({ exit }) => exit),
      [0, 1, 2],
    )
  })

  it('ends quietly when its reader has gone', async () => {
    const running = spawnLf(['workflow', 'logs', 'r'], { preload: [FAKES], env: { LF_TEST_SCENARIO: 'endless' } })
    await eventually(() => running.stdout() !== '')
    running.child.stdout?.destroy()
    assert.equal(await running.ended, 0)
    assert.equal(running.stderr(), '')
  })

  it('leaves a watch with the code of the signal', async () => {
    const running = spawnLf(['mesh', 'status', '--watch'], { preload: [FAKES] })
    await eventually(() => running.stdout() !== '')
    running.child.kill('SIGINT')
    assert.equal(await running.ended, 130)
  })

  it('says that the run goes on when waiting is interrupted', async () => {
    const running = spawnLf(['workflow', 'start', 'simple', '--wait'], {
      preload: [FAKES],
      env: { LF_TEST_SCENARIO: 'endless' },
    })
    await eventually(() => running.stderr().includes('2/6'))
    running.child.kill('SIGTERM')
    assert.equal(await running.ended, 143)
    assert.match(running.stderr(), /The run goes on. Stop it with: lf workflow stop simple-2bqd9xh/)
  })

  it('writes a completion script for the shell', async () => {
    const home = mkdtempSync(join(tmpdir(), 'lf-completion-'))
    try {
      const env = { HOME: home, XDG_CACHE_HOME: join(home, 'cache'), XDG_DATA_HOME: join(home, 'data') }
      const { exit, stdout } = await lf(['autocomplete', 'script', 'bash'], { env })
      assert.equal(exit, 0)
      assert.match(stdout, /bash_setup/)
    } finally {
      rmSync(home, { recursive: true })
    }
  })
})

describe('the process of a peer', () => {
  afterEach(endAll)

  it('starts over with a limit for what lives shortly, and stays the process that it was', async function () {
    if (process.execve === undefined || process.platform === 'win32') this.skip()
    const { stderr, exit } = await lf(REFUSED, { env: { NODE_OPTIONS: TELLS } })
    const [first, second, ...more] = told(stderr)
    assert.deepEqual(more, [])
    assert.deepEqual(first?.flags, [])
    assert.match(second?.flags.join(' ') ?? '', /^--max-semi-space-size=\d+$/)
    assert.equal(second?.pid, first?.pid)
    assert.equal(exit, 2)
  })

  it('is left as it is started by who has asked for something else', async () => {
    for (const options of ['--max-semi-space-size=32', '--inspect=0']) {
      const { stderr } = await lf(REFUSED, { env: { NODE_OPTIONS: `${TELLS} ${options}` } })
      assert.deepEqual(
        told(stderr).map(({ flags }) => flags),
        [[]],
      )
    }
    const { stderr } = await lf(REFUSED, { preload: [TELLING] })
    assert.equal(told(stderr).length, 1)
  })

  it('is left as it is where it talks to who started it', async () => {
    const env = { ...process.env, NODE_OPTIONS: TELLS }
    const child = fork(LF, REFUSED, { env, execArgv: [], silent: true })
    const texts: string[] = []
    child.stderr?.on('data', text => texts.push(String(text)))
    assert.deepEqual(await once(child, 'close'), [2, null])
    assert.equal(told(texts.join('')).length, 1)
  })

  it('is not made for help, nor for other commands', async () => {
    for (const words of [
      ['node', '--help'],
      ['workflow', 'start', '--help'],
    ]) {
      const { stderr } = await lf(words, { env: { NODE_OPTIONS: TELLS } })
      assert.equal(told(stderr).length, 1)
    }
  })
})

describe('lf on an old Node.js', () => {
  afterEach(endAll)

  it('goes on with the one that npm ci brought', async () => {
    const { exit, stdout } = await lf(['--version'], { preload: [OLD_NODE] })
    assert.equal(exit, 0)
    assert.match(stdout, /node-v2[4-9]/)
  })

  it('keeps exit codes', async () => {
    assert.equal((await lf(['workflow', 'status', '--loud'], { preload: [OLD_NODE] })).exit, 2)
  })

  it('hands signals on and ends as the command ends', async () => {
    // The fakes have to reach the second process too, which inherits the environment only.
    const env = { NODE_OPTIONS: `--import=${FAKES}` }
    const running = spawnLf(['mesh', 'status', '--watch'], { preload: [OLD_NODE], env })
    await eventually(() => running.stdout() !== '')
    running.child.kill('SIGTERM')
    assert.equal(await running.ended, 143)
  })

  it('says what it needs where there is none, and fails', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lf-alone-'))
    try {
      mkdirSync(join(folder, 'bin'))
      cpSync(LF, join(folder, 'bin', 'lf.js'))
      writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
      const { exit, stderr } = await lf(['--version'], { preload: [OLD_NODE], lf: join(folder, 'bin', 'lf.js') })
      assert.equal(exit, 1)
      assert.match(stderr, /^lf needs Node\.js 24\.16 or newer; this is v20\.20\.2 \(/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
