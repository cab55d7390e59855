import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { Writable } from 'node:stream'
import { isJournal, lineWriter, logLine, nodeLog, type NodeLogOptions } from '../../cli/node-log.ts'
import { PLAIN } from '../../cli/render/colours.ts'
import { eventually } from '../support/eventually.ts'

function logged(options: Partial<NodeLogOptions>): { lines: string[]; log: ReturnType<typeof nodeLog> } {
  const lines: string[] = []
  return { lines, log: nodeLog({ level: 'info', write: line => lines.push(line), now: () => 0, ...options }) }
}

describe('the log of a peer', () => {
  it('leaves out what is below its level, but not what the operator asked for', () => {
    const { lines, log } = logged({ level: 'warn', journal: true })
    log.debug('a')
    log.info('b')
    log.warn('c')
    log.error('d')
    log.tell('e')
    assert.deepEqual(lines, ['<4>c\n', '<3>d\n', '<6>e\n'])
  })

  it('is one JSON object a line when asked', () => {
    const { lines, log } = logged({ json: true })
    log.info('claimed', { task: 'r/d:1/t', size: 3n, error: Object.assign(new Error('bad\nworse'), { code: 'X' }) })
    assert.equal(lines.length, 1)
    const { error, ...rest } = JSON.parse(lines[0]!)
    assert.deepEqual(rest, {
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      message: 'claimed',
      task: 'r/d:1/t',
      size: '3',
    })
    assert.equal(error.code, 'X')
    assert.match(error.stack, /bad/)
  })

  it('stays one harmless line, whatever the facts', () => {
    const style = { json: false, journal: true, palette: PLAIN }
    const facts = {
      text: 'two\nlines\u001b[2J',
      error: new Error('bad'),
      list: [1, 2],
      none: undefined,
      long: 'x'.repeat(1000),
    }
    const line = logLine('error', 'failed', facts, 0, style)
    assert.match(line, /^<3>failed text="two lines" error=bad list=\[1,2\] long=x+…$/)
    assert.ok(line.length < 400)
  })

  it('knows journald by the device and inode of the stream', () => {
    const descriptor = openSync(import.meta.filename, 'r')
    const { dev, ino } = fstatSync(descriptor)
    assert.equal(isJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, descriptor), true)
    assert.equal(isJournal({ JOURNAL_STREAM: `${dev}:1` }, descriptor), false)
    assert.equal(isJournal({}, descriptor), false)
    closeSync(descriptor)
    assert.equal(isJournal({ JOURNAL_STREAM: '1:1' }, descriptor), false)
  })

  it('writes the lines of one moment together, and what is urgent at once, behind them', async () => {
    const written: string[] = []
    const out = new Writable({
      decodeStrings: false,
      write: (chunk: string, _, done) => (written.push(chunk), done()),
      writev: (chunks, done) => (written.push(chunks.map(({ chunk }) => chunk as string).join('')), done()),
    })
    const listeners = process.listenerCount('exit')
    const { log } = logged({ write: lineWriter(out), level: 'info', journal: true })
    log.info('a')
    log.info('b')
    assert.deepEqual(written, [])
    log.warn('c')
    log.tell('d')
    assert.deepEqual(written, ['<6>a\n<6>b\n<4>c\n', '<6>d\n'])
    log.info('e')
    log.info('f')
    await eventually(() => written.length > 2)
    assert.deepEqual(written.slice(2), ['<6>e\n<6>f\n'])
    assert.equal(process.listenerCount('exit'), listeners)
  })

  it('loses no line when the process ends', () => {
    const program = `
      import { lineWriter } from ${JSON.stringify(new URL('../../cli/node-log.ts', import.meta.url).href)}
      const write = lineWriter(process.stderr)
      write('one\\n', true)
      write('two\\n', true)
      process.exit()`
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program])
    assert.equal(stderr.toString(), 'one\ntwo\n')
  })
})
