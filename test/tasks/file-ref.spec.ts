import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, open, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Dag, FileRef, FunctionTask, runLocal } from '../../src/index.ts'
import { context, dataOf, NotingHost, run } from './attempts.ts'

describe('FileRef', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lf-file-ref-'))
    path = join(folder, 'frame.h5')
    await writeFile(path, Buffer.alloc(300_000, 1))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('arrives in the next task, which finds the file as it was', async () => {
    const make = new FunctionTask('make', async ({ data }) => data.set('raw', await FileRef.of(path)))
    const read = new FunctionTask('read', async ({ data }) => {
      data.set('path', await FileRef.from(data.get('raw')).check())
    })
    const ended = await runLocal(new Dag('main').define([[make, read]]))
    assert.deepEqual([ended.state, ended.task('read').data['path']], ['succeeded', path])
  })

  it('is known to the peer whose task names it, and says so to those who read it', async () => {
    const host = new NotingHost({ nameFile: () => 'peer-of-hutch' })
    const named = dataOf(await run(async ({ data }) => data.set('raw', await FileRef.of(path)), { host }))
    const ref = FileRef.from(named?.['raw'])
    const { source, ...file } = ref.toJSON()
    assert.deepEqual(source, {
      peer: 'peer-of-hutch',
      run: context.runId,
      dag: context.dagName,
      task: context.taskName,
    })
    assert.deepEqual(host.calls, [['nameFile', file]])
    // Where it is seen, nobody is asked for it.
    assert.equal(await ref.local(), path)
    const reading = new NotingHost()
    const read = await run(async ({ data }) => data.set('path', await ref.local()), { host: reading })
    assert.deepEqual([dataOf(read)?.['path'], reading.calls], [path, []])
  })

  it('is brought where it is not seen, or another one has its path, and keeps its name there', async () => {
    const copy = join(folder, 'ab'.repeat(32))
    await writeFile(copy, 'the copy')
    const host = new NotingHost({ nameFile: () => 'peer-of-hutch', fetchFile: () => copy })
    const scratch = join(folder, 'scratch')
    const named = dataOf(await run(async ({ data }) => data.set('raw', await FileRef.of(path)), { host }))
    const changes = [() => writeFile(path, 'another one'), () => rm(path)]
    for (const change of changes) {
      await change()
      host.calls.length = 0
      const task = await run(
        async ({ data }) => {
          const local = await FileRef.from(named?.['raw']).local()
          // Twice, as in a task that is asked for it again.
          assert.equal(await FileRef.from(named?.['raw']).local(), local)
          data.set('read', [local, await readFile(local, 'utf8')])
        },
        { host, context: { ...context, scratch } },
      )
      const local = join(scratch, 'files', 'ab'.repeat(8), 'frame.h5')
      assert.deepEqual(dataOf(task)?.['read'], [local, 'the copy'])
      const { source, ...file } = FileRef.from(named?.['raw']).toJSON()
      assert.deepEqual(host.calls[0], ['fetchFile', file, source])
    }
    // Outside of a task there is nobody to ask.
    await assert.rejects(FileRef.from(named?.['raw']).local(), { code: 'LF_FILE_NOT_HERE' })
  })

  it('that came back meanwhile is read where it is, whatever others have its name', async () => {
    const paths = await Promise.all(
      ['a', 'b'].map(async name => {
        await mkdir(join(folder, name))
        await writeFile(join(folder, name, 'frame.h5'), name)
        return join(folder, name, 'frame.h5')
      }),
    )
    const host = new NotingHost({ nameFile: () => 'peer-of-hutch', fetchFile: file => (file as { path: string }).path })
    const make = run(async ({ data }) => data.set('refs', await Promise.all(paths.map(name => FileRef.of(name)))), {
      host,
    })
    const refs = dataOf(await make)?.['refs'] as unknown[]
    await Promise.all(paths.map(name => rm(name)))
    const read = await run(
      async ({ data }) => data.set('read', await Promise.all(refs.map(ref => FileRef.from(ref).local()))),
      { host, context: { ...context, scratch: join(folder, 'scratch') } },
    )
    assert.deepEqual(dataOf(read)?.['read'], paths)
  })

  it('tells a file that has grown, that was written again, and of which a byte at an end is another', async () => {
    // A whole second: what is set by hand is kept with less than a millisecond.
    const mtime = new Date(1_700_000_000_000)
    await utimes(path, mtime, mtime)
    const ref = await FileRef.of(path)
    const cases: [RegExp, () => Promise<unknown>][] = [
      [/300001 bytes, not 300000/, () => appendFile(path, 'x')],
      [/bytes are others/, () => writeFile(path, Buffer.alloc(300_000, 2))],
      [/was written/, () => utimes(path, mtime, new Date(mtime.getTime() + 5000))],
    ]
    for (const [message, change] of cases) {
      await change()
      await assert.rejects(ref.check(), { code: 'LF_FILE_CHANGED', message })
      await writeFile(path, Buffer.alloc(300_000, 1))
      await utimes(path, mtime, mtime)
      assert.equal(await ref.check(), path)
    }
  })

  it('says so when this host does not see the file', async () => {
    const ref = await FileRef.of(path)
    await rm(path)
    await assert.rejects(ref.check(), { code: 'LF_FILE_NOT_HERE', message: /frame\.h5/, hint: /queue/ })
    await assert.rejects(FileRef.of(path), { code: 'LF_FILE_NOT_HERE' })
  })

  it('reads the ends alone, of an empty file and of one of terabytes, too', async () => {
    for (const size of [0, 1, 64 * 1024, 2 ** 40]) {
      const file = await open(path, 'w')
      await file.truncate(size)
      await file.close()
      const ref = await FileRef.of(path)
      assert.deepEqual([ref.bytes, await ref.check()], [size, path])
    }
  })

  it('refuses pipes and sockets at once: nobody may ever write to them', async () => {
    const pipe = join(folder, 'pipe')
    await promisify(execFile)('mkfifo', [pipe])
    await assert.rejects(FileRef.of(pipe), { code: 'LF_FILE_REF', message: /no file/ })
    const server = createServer().listen(join(folder, 'socket'))
    try {
      await once(server, 'listening')
      await assert.rejects(FileRef.of(join(folder, 'socket')), { code: 'LF_FILE_REF', message: /no file/ })
    } finally {
      server.close()
    }
  })

  it('refuses relative paths, folders, and what is no reference', async () => {
    await assert.rejects(FileRef.of('frame.h5'), { code: 'LF_FILE_REF', message: /absolute/ })
    await assert.rejects(FileRef.of(folder), { code: 'LF_FILE_REF', message: /no file/ })
    const right = (await FileRef.of(path)).toJSON()
    for (const wrong of [undefined, 5, {}, { ...right, path: 'x' }, { ...right, bytes: -1 }, { ...right, edges: '' }]) {
      assert.throws(() => FileRef.from(wrong), { code: 'LF_FILE_REF' })
    }
  })
})
