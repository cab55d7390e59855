import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { convertArguments } from '../../src/workflow/convert-arguments.ts'
import type { OptionType } from '../../src/workflow/convert-value.ts'
import { Option, Parameters } from '../../src/workflow/parameters.ts'

function convert(type: OptionType, value: unknown): unknown {
  return convertArguments(new Parameters([new Option('x', { type })]).plan(), { x: value }).x
}

describe('Option', () => {
  it('is required text by default', () => {
    assert.deepEqual(new Parameters([new Option('filepath')]).plan(), [
      { name: 'filepath', type: 'str', help: '', required: true, default: null },
    ])
  })

  it('is optional with a default, and with null has no value', () => {
    const options = [new Option('n', { type: 'int', default: '5' }), new Option('note', { default: null })]
    const plan = new Parameters(options).plan()
    assert.deepEqual(
      plan.map(option => [option.required, option.default]),
      [
        [false, 5],
        [false, null],
      ],
    )
    assert.deepEqual(convertArguments(plan, {}), { n: 5 })
  })

  it('may be optional or required in so many words', () => {
    assert.equal(new Option('x', { required: false }).required, false)
    assert.equal(new Option('x', { required: true }).required, true)
  })

  it('refuses what makes no sense', () => {
    const wrong: [string, object][] = [
      ['a=b', {}],
      ['a.b', {}],
      ['__proto__', {}],
      ['x', { type: 'integer' }],
      ['x', { default: 1, required: true }],
      ['x', { type: 'int', default: 'many' }],
      ['x', { defualt: 1 }],
    ]
    for (const [name, settings] of wrong) {
      assert.throws(() => new Option(name, settings), { code: 'LF_PARAMETERS' }, JSON.stringify(settings))
    }
    assert.throws(() => new Parameters(['x' as never]), { code: 'LF_PARAMETERS' })
    assert.throws(() => new Parameters([new Option('x'), new Option('x')]), { code: 'LF_PARAMETERS', message: /twice/ })
  })
})

describe('convertArguments', () => {
  it('converts what was typed', () => {
    const given: [OptionType, unknown, unknown][] = [
      ['str', '007', '007'],
      ['str', '', ''],
      ['str', 5, '5'],
      ['int', '007', 7],
      ['int', ' -3 ', -3],
      ['int', 12, 12],
      ['float', '1e3', 1000],
      ['float', '.5', 0.5],
      ['float', '-2.', -2],
      ['float', 3, 3],
    ]
    for (const [type, value, expected] of given) assert.equal(convert(type, value), expected)
  })

  it('reads yes and no in every usual way', () => {
    for (const value of ['true', 'True', '1', 'yes', 'Y', 1, true]) assert.equal(convert('bool', value), true)
    for (const value of ['false', 'FALSE', '0', 'no', 'N', 0, false]) assert.equal(convert('bool', value), false)
  })

  it('refuses everything else, and says what it expected', () => {
    const wrong: [OptionType, unknown][] = [
      ['int', 'abc'],
      ['int', ''],
      ['int', '1.5'],
      ['int', '0x10'],
      ['int', '1e3'],
      ['int', '9007199254740993'],
      ['int', true],
      ['float', 'abc'],
      ['float', ''],
      ['float', 'NaN'],
      ['float', 'Infinity'],
      ['float', '1e999'],
      ['float', NaN],
      ['float', false],
      ['bool', ''],
      ['bool', 'maybe'],
      ['bool', 2],
      ['str', {}],
    ]
    for (const [type, value] of wrong) {
      assert.throws(
        () => convert(type, value),
        { code: 'LF_ARGUMENT_TYPE', message: /"x"/ },
        `${type} ${String(value)}`,
      )
    }
    assert.throws(() => convert('int', 'abc'), /"x" is "abc" and should be a whole number/)
  })

  it('names all missing options with their help', () => {
    const plan = new Parameters([
      new Option('filepath', { help: 'where the scan is' }),
      new Option('sample'),
      new Option('n', { default: 1, type: 'int' }),
    ]).plan()
    assert.throws(() => convertArguments(plan, {}), {
      code: 'LF_ARGUMENT_MISSING',
      message: /filepath \(where the scan is\), sample\.$/,
      hint: 'Add filepath=… sample=….',
    })
  })

  it('refuses unknown options, with a suggestion, before it speaks of missing ones', () => {
    const plan = new Parameters([new Option('filepath')]).plan()
    assert.throws(() => convertArguments(plan, { filepth: 'x' }), {
      code: 'LF_ARGUMENT_UNKNOWN',
      hint: 'Did you mean "filepath"?',
    })
    assert.throws(() => convertArguments([], { toString: 'x' }), { code: 'LF_ARGUMENT_UNKNOWN' })
  })

  it('names all wrong values at once', () => {
    const plan = new Parameters([new Option('a', { type: 'int' }), new Option('b', { type: 'bool' })]).plan()
    assert.throws(() => convertArguments(plan, { a: 'x', b: 'x' }), /"a" is "x".*"b" is "x"/)
  })

  it('brings every number back that it is given as text', () => {
    fc.assert(fc.property(fc.maxSafeInteger(), number => convert('int', String(number)) === number))
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), number => {
        assert.equal(convert('float', String(number)), Number(String(number)))
      }),
    )
  })
})
