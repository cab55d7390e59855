import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { Dag, FunctionTask, Option, type OptionSettings, Parameters, runLocal } from '../../src/index.ts'

describe('authoring: options of a workflow', () => {
  /** What a task finds in the store under `value`. */
  const given = async (settings: OptionSettings, args: Record<string, string | number | boolean>): Promise<unknown> => {
    let seen: unknown
    const look = new FunctionTask('look', async ({ store }) => void (seen = await store.get('value', 'nothing')))
    await runLocal([new Dag('main').define([look]), new Parameters([new Option('value', settings)])], args)
    return seen
  }

  it('convert what was typed by their type', async () => {
    assert.equal(await given({}, { value: 'text' }), 'text')
    assert.equal(await given({ type: 'int' }, { value: ' 12 ' }), 12)
    assert.equal(await given({ type: 'float' }, { value: '1e-3' }), 0.001)
    assert.equal(await given({ type: 'path' }, { value: 'scan' }), resolve('scan'))
  })

  it('take true, 1, yes, y and false, 0, no, n in any case as bool', async () => {
    for (const text of ['true', '1', 'yes', 'Y']) assert.equal(await given({ type: 'bool' }, { value: text }), true)
    for (const text of ['FALSE', '0', 'No', 'n']) assert.equal(await given({ type: 'bool' }, { value: text }), false)
  })

  it('convert their defaults too', async () => {
    assert.equal(await given({ type: 'int', default: '7' }, {}), 7)
  })

  it('may have no value: default null', async () => {
    assert.equal(await given({ default: null }, {}), 'nothing')
  })

  it('are required without a default, and the refusal names all that are missing, with their help', async () => {
    const lists = [
      new Parameters([new Option('filepath', { help: 'where the scan is' })]),
      new Parameters([new Option('iterations', { type: 'int' }), new Option('title', { default: 'scan' })]),
    ]
    await assert.rejects(runLocal([new Dag('main').define([new FunctionTask('a', () => {})]), ...lists], {}), {
      code: 'LF_ARGUMENT_MISSING',
      message: /required options are missing: filepath \(where the scan is\), iterations/,
    })
  })

  it('of several exported lists are one', async () => {
    let seen: unknown
    const look = new FunctionTask(
      'look',
      async ({ store }) => void (seen = [await store.get('a'), await store.get('b')]),
    )
    const run = await runLocal(
      {
        main: new Dag('main').define([look]),
        one: new Parameters([new Option('a')]),
        two: new Parameters([new Option('b')]),
      },
      { a: 'x', b: 'y' },
    )
    assert.deepEqual([run.state, seen], ['succeeded', ['x', 'y']])
  })

  it('refuse arguments that they do not know, with a suggestion', async () => {
    await assert.rejects(given({}, { vlaue: 'x' }), { code: 'LF_ARGUMENT_UNKNOWN', hint: 'Did you mean "value"?' })
  })
})
