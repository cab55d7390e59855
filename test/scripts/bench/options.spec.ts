import assert from 'node:assert/strict'
import { defineBench } from '../../../scripts/bench/harness/bench.ts'
import { count, counts, flag, mongoUri, names, parseOptions, text } from '../../../scripts/bench/harness/options.ts'

const OPTIONS = {
  rounds: count('how often', { by: 5, max: 100 }),
  peers: counts('how many', { by: [1, 2] }),
  scenarios: names('what', ['chain', 'fan', 'bulk']),
  mongodb: mongoUri('where', { variable: 'LF_URI' }),
  folder: text('where', { value: 'FOLDER' }),
  rivals: flag('others, too'),
}

function values(argv: string[], env: Record<string, string> = {}) {
  const parsed = parseOptions(OPTIONS, argv, env)
  assert.equal(parsed.kind, 'values', JSON.stringify(parsed))
  return parsed.kind === 'values' ? parsed.values : assert.fail()
}

function refusal(argv: string[], env: Record<string, string> = {}): string {
  const parsed = parseOptions(OPTIONS, argv, env)
  return parsed.kind === 'wrong' ? parsed.message : assert.fail(`not refused: ${JSON.stringify(parsed)}`)
}

describe('The options of a bench', () => {
  it('have their defaults when nothing is asked for', () => {
    assert.deepEqual(values([]), {
      rounds: 5,
      peers: [1, 2],
      scenarios: ['chain', 'fan', 'bulk'],
      mongodb: '',
      folder: '',
      rivals: false,
    })
  })

  it('are given with a blank or an equals sign, and of two the later one counts', () => {
    const given = values(['--rounds', '3', '--peers=1, 4', '--rivals', '--folder=a=b', '--rounds=7'])
    assert.deepEqual([given.rounds, given.peers, given.rivals, given.folder], [7, [1, 4], true, 'a=b'])
  })

  it('take each name of a list once, in the order of typing', () => {
    assert.deepEqual(values(['--scenarios', 'bulk,chain,bulk']).scenarios, ['bulk', 'chain'])
  })

  it('take their default from the environment, and are not asked there when they are typed', () => {
    assert.equal(values([], { LF_URI: 'mongodb://a' }).mongodb, 'mongodb://a')
    assert.equal(values(['--mongodb', 'mongodb://b'], { LF_URI: 'mongodb://a' }).mongodb, 'mongodb://b')
    assert.match(refusal([], { LF_URI: 'a' }), /^LF_URI \(--mongodb\): "a" is no address/)
  })

  it('tell which of them were typed', () => {
    const parsed = parseOptions(OPTIONS, ['--rounds', '5'], {})
    assert.deepEqual(parsed.kind === 'values' && Array.from(parsed.given), ['rounds'])
  })

  it('ask for help wherever it stands, also beside what is wrong', () => {
    assert.equal(parseOptions(OPTIONS, ['--round', '3', '--help'], {}).kind, 'help')
    assert.equal(parseOptions(OPTIONS, ['-h'], {}).kind, 'help')
  })

  const wrong: [string[], string | RegExp][] = [
    [['--peer', '3'], 'There is no option --peer. Did you mean "--peers"?'],
    [['--peer=3'], 'There is no option --peer. Did you mean "--peers"?'],
    [['-x'], /^There is no option -x\. Known: "--rounds", /],
    [['--toString'], /^There is no option --toString\. Known: /],
    [['3'], /^"3" belongs to no option: .*npm passes them on only when "--" stands before/],
    [['--rounds'], '--rounds needs a value: a whole number from 1 to 100.'],
    [['--rounds', '--rivals'], '--rounds needs a value: a whole number from 1 to 100.'],
    [['--folder='], '--folder needs a value: a FOLDER.'],
    [['--rounds', 'five'], '--rounds: "five" is no whole number.'],
    [['--rounds', '-3'], '--rounds: "-3" is no whole number.'],
    [['--rounds', '1e9'], '--rounds: "1e9" is no whole number.'],
    [['--rounds', '0'], '--rounds: 0 is too small, the least is 1.'],
    [['--rounds', '101'], '--rounds: 101 is too large, the most is 100.'],
    [['--peers', '1,,2'], '--peers: "" is no whole number.'],
    [['--scenarios', 'chian'], '--scenarios: "chian" is none of them. Did you mean "chain"?'],
    [['--scenarios', 'chain,what'], /^--scenarios: "what" is none of them\. Known: "chain", "fan", "bulk"\.$/],
    [['--mongodb', 'localhost'], '--mongodb: "localhost" is no address of a MongoDB, which begins with mongodb://.'],
    [['--rivals=yes'], '--rivals takes no value: it is given or it is not.'],
  ]
  for (const [argv, message] of wrong) {
    it(`are refused in one sentence: ${argv.join(' ')}`, () => {
      const said = refusal(argv)
      if (typeof message === 'string') assert.equal(said, message)
      else assert.match(said, message)
    })
  }
})

describe('A bench', () => {
  const definition = { name: 'some', summary: 'something', takes: '1 s', options: OPTIONS, examples: [] }

  it('loads what it needs only when it is played', async () => {
    let isLoaded = false
    const bench = defineBench(definition, async () => {
      isLoaded = true
      return async ({ rounds }) => ({ tables: [], figures: rounds })
    })
    const asked = bench.ask(['--rounds', '2', '--json', 'x'], {})
    assert.equal(asked.kind, 'play')
    if (asked.kind !== 'play') return
    assert.deepEqual([asked.output, isLoaded], [{ json: 'x', markdown: false }, false])
    const nothing = { progress: () => {}, say: () => {}, section: () => {}, atEnd: () => {} }
    assert.equal((await asked.play(nothing)).figures, 2)
  })

  it('refuses options that do not go together', () => {
    const refuse = () => 'These do not go together.'
    const bench = defineBench({ ...definition, refuse }, () => assert.fail('loaded'))
    assert.deepEqual(bench.ask([], {}), { kind: 'wrong', message: 'These do not go together.' })
  })
})
