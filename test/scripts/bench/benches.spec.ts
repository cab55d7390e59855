import assert from 'node:assert/strict'
import { BENCHES } from '../../../scripts/bench/benches.ts'
import type { Contestant } from '../../../scripts/bench/contestant.ts'
import * as definitions from '../../../scripts/bench/definitions.ts'
import { helpOf, listOf } from '../../../scripts/bench/harness/help.ts'
import { fileSystemOf, warnOfLoad } from '../../../scripts/bench/harness/machine.ts'
import { parseOptions } from '../../../scripts/bench/harness/options.ts'
import { Progress } from '../../../scripts/bench/harness/progress.ts'
import { planAll } from '../../../scripts/bench/plan-all.ts'
import { scenarios } from '../../../scripts/bench/scenarios.ts'
import { inTurns } from '../../../scripts/bench/turns.ts'
import { widthOf } from '../../../cli/render/text.ts'

const URI = 'mongodb://host'

function benchOf(name: string) {
  return BENCHES.find(bench => bench.name === name) ?? assert.fail(`no bench ${name}`)
}

describe('The benches', () => {
  for (const bench of BENCHES) {
    it(`${bench.name} is listed, tells each of its options, and takes what its examples say`, () => {
      const help = helpOf(bench, 80)
      assert(listOf(BENCHES, 80).includes(`  ${bench.name} `))
      for (const option of Object.keys(bench.options)) assert(help.includes(`  --${option}`), option)
      for (const [words] of bench.examples) {
        const argv = words.replace(/ > .*/, '').replaceAll('URI', URI).split(' ').filter(Boolean)
        assert.equal(bench.ask(argv, {}).kind, 'play', words)
      }
    })

    it(`${bench.name} says so in lines that fit`, () => {
      const isCommand = (line: string): boolean => line.startsWith('  npm run bench')
      const lines = `${helpOf(bench, 60)}\n${listOf(BENCHES, 60)}`.split('\n').filter(line => !isCommand(line))
      assert.deepEqual(
        lines.filter(line => widthOf(line) > 60),
        [],
      )
    })
  }

  const refused: [string, string[], RegExp][] = [
    ['tasks', ['--ledgers', 'mongodb'], /needs --mongodb URI/],
    ['tasks', ['--mongodb', URI], /--mongodb is not used/],
    ['tasks', ['--rivals-dir', 'x'], /not used without --rivals/],
    ['hops', ['--ledgers', 'sqlite,mongodb'], /needs --mongodb URI/],
    ['recovery', ['--hosts'], /--hosts needs --ledger URI/],
    ['recovery', ['--peers', '3', '--victims', '1,4'], /there is no peer 4 of 3/],
    ['all', ['--rivals-dir', 'x'], /not used without --rivals/],
  ]
  for (const [name, argv, message] of refused) {
    it(`${name} refuses ${argv.join(' ')}`, () => {
      const asked = benchOf(name).ask(argv, {})
      assert.match(asked.kind === 'wrong' ? asked.message : '', message)
    })
  }

  it('may have the address of a MongoDB in the environment without using it', () => {
    assert.equal(benchOf('tasks').ask([], { LF_TEST_MONGODB_URI: URI }).kind, 'play')
  })
})

describe('All benches at once', () => {
  const asked = (...argv: string[]) => {
    const parsed = parseOptions(definitions.all.options, argv, {})
    return parsed.kind === 'values' ? parsed.values : assert.fail()
  }

  for (const argv of [
    [],
    ['--quick'],
    ['--mongodb', URI],
    ['--quick', '--mongodb', URI],
    ['--rivals', '--rivals-dir', 'a b'],
  ]) {
    it(`ask each only for what it can be asked for: ${argv.join(' ') || 'by themselves'}`, () => {
      const plan = planAll(asked(...argv))
      for (const { words } of plan) {
        const [name = '', ...rest] = words
        assert.equal(benchOf(name).ask(rest, {}).kind, 'play', words.join(' '))
      }
      const played = new Set(plan.map(({ words }) => words[0]))
      assert.deepEqual(
        Array.from(played),
        BENCHES.map(({ name }) => name).filter(name => name !== 'all'),
      )
    })
  }

  it('go to MongoDB only when there is one', () => {
    const titles = (...argv: string[]) => planAll(asked('--only', 'submit,start', ...argv)).map(({ title }) => title)
    assert.deepEqual(titles(), ['submit', 'start'])
    assert.deepEqual(titles('--mongodb', URI), ['submit', 'submit on MongoDB', 'start'])
  })
})

describe('Turns', () => {
  it('are taken scenario after scenario, round by round, by all who can play it, after as many tasks as warm up', () => {
    const contestant = (name: string, lacks: Contestant['lacks'] = []): Contestant => ({
      name,
      lacks,
      play: () => assert.fail(),
      stop: async () => {},
    })
    const played = scenarios(10).filter(({ name }) => name === 'chain' || name === 'mixed')
    const turns = inTurns([contestant('one'), contestant('two', ['mixed'])], played, { rounds: 1, warmUp: 21 })
    assert.deepEqual(
      turns.map(({ scenario, round, contestant }) => `${scenario.name} ${round} ${contestant.name}`),
      [-1, 0, 1].flatMap(round => [`chain ${round} one`, `chain ${round} two`]).concat('mixed 0 one', 'mixed 1 one'),
    )
  })
})

describe('The facts of a machine', () => {
  const MOUNTS = [
    '1 0 254:0 / / rw,noatime shared:1 - ext4 /dev/vda rw',
    '2 1 0:20 / /tmp rw - tmpfs tmpfs rw',
    '3 1 0:21 / /data/my\\040disk rw master:2 - xfs /dev/sdb rw',
    '4 1 0:22 / /tm rw - nfs4 server:/x rw',
    '5 2 0:23 / /tmp rw - overlay overlay rw',
    '',
  ].join('\n')

  it('name the file system that holds the folder: the innermost, and of two mounts the later one', () => {
    assert.equal(fileSystemOf('/home/x', MOUNTS), 'ext4 (/dev/vda)')
    assert.equal(fileSystemOf('/data/my disk/lf', MOUNTS), 'xfs (/dev/sdb)')
    assert.equal(fileSystemOf('/tmp/x', MOUNTS), 'overlay')
    assert.equal(fileSystemOf('/tmpx', MOUNTS), 'ext4 (/dev/vda)')
    assert.equal(fileSystemOf('/tmp', ''), 'an unknown file system')
  })

  it('warn of a machine that is busy before anything begins', () => {
    assert.equal(warnOfLoad({ cores: 4, loadBefore: 2 }), null)
    assert.match(warnOfLoad({ cores: 4, loadBefore: 2.1 }) ?? '', /busy already \(load 2.1 on 4 cores\)/)
  })
})

describe('Progress', () => {
  const screen = (isTTY: boolean) => {
    const written: string[] = []
    return { written, isTTY, columns: 40, write: (text: string) => written.push(text) }
  }

  it('is one line of a terminal that changes, cut to its width, and goes away for what stays', () => {
    const terminal = screen(true)
    const progress = new Progress(terminal, () => 0)
    progress.show('one')
    progress.show('x'.repeat(100))
    progress.say('stays')
    progress.clear()
    assert.deepEqual(terminal.written, ['\r\u001b[Kone', `\r\u001b[K${'x'.repeat(38)}…`, '\r\u001b[K', 'stays\n'])
  })

  it('is a line now and then elsewhere', () => {
    let nowMs = 0
    const file = screen(false)
    const progress = new Progress(file, () => nowMs)
    for (nowMs of [0, 9_999, 10_000]) progress.show(`at ${nowMs}`)
    assert.deepEqual(file.written, ['at 0\n', 'at 10000\n'])
  })

  it('says how long the rest takes if it goes on like this, counted from the first part', () => {
    let nowMs = 0
    const terminal = screen(true)
    const progress = new Progress({ ...terminal, columns: 80 }, () => nowMs)
    progress.show('starting')
    for (const [done, atMs] of [
      [0, 5000],
      [1, 7000],
      [3, 605_000],
    ] as const) {
      nowMs = atMs
      progress.show('round', { done, all: 4 })
    }
    assert.deepEqual(terminal.written.slice(1), [
      '\r\u001b[Kround (1 of 4)',
      '\r\u001b[Kround (2 of 4, about 6 s left)',
      '\r\u001b[Kround (4 of 4, about 3 min left)',
    ])
  })
})
