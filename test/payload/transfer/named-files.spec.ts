import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { encodePayloadMessage, PAYLOAD_PROTOCOL, type PayloadAnswer } from '../../../protocols/payload-messages.ts'
import * as lengthPrefixed from 'it-length-prefixed'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLog } from '../../../src/core/log.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { BulkThreads } from '../../../src/payload/bulk/bulk-threads.ts'
import { undecidedHolders } from '../../../src/payload/payload-store.ts'
import { Retention } from '../../../src/payload/retention.ts'
import { HolderStream } from '../../../src/payload/transfer/holder-stream.ts'
import { fileId, type FileSource, lookAtFile, type NamedFile } from '../../../src/tasks/named-file.ts'
import { eventually } from '../../support/eventually.ts'
import { filesIn, type PayloadPeer, PayloadPeers } from '../support/payload-peers.ts'

const MiB = 1024 * 1024
const NEVER = new AbortController().signal
const SOURCE: FileSource = { peer: 'holder', run: 'scan-bcdfghj', dag: 'main:1', task: 'measure' }
const READER_RUN = 'scan-bcdfghj'

/** Starting them takes longer than all that is done with them here: all peers and tests share two. */
class SharedThreads extends BulkThreads {
  override async close(): Promise<void> {}

  end(): Promise<void> {
    return super.close()
  }
}

/** `fetch` is what a peer is asked for whose host does not see the file: where the file is plays no part there. */
describe('a file that a task named', () => {
  let peers: PayloadPeers
  let holder: PayloadPeer
  let reader: PayloadPeer
  let folder: string
  let path: string
  let file: NamedFile
  const bytes = randomBytes(4 * MiB + 5)
  const threads = new SharedThreads({ host: '127.0.0.1' })
  after(() => threads.end())
  beforeEach(async () => {
    peers = new PayloadPeers()
    holder = await peers.add('holder', { threads })
    reader = await peers.add('reader', { threads })
    folder = await mkdtemp(join(tmpdir(), 'lf-named-'))
    path = join(folder, 'frames.h5')
    await writeFile(path, bytes)
    // A whole second: what is set by hand is kept with less than a millisecond.
    await utimes(path, 1_700_000_000, 1_700_000_000)
    file = await lookAtFile(path)
    await holder.named.name(SOURCE.run, file)
  })
  afterEach(async () => {
    await peers.close()
    await rm(folder, { recursive: true })
  })

  const fetch = (from = reader, signal = NEVER) => from.named.fetch(READER_RUN, file, SOURCE, signal)
  const copies = async () => (await filesIn(reader.folder)).filter(name => /^[0-9a-f]{2}\//.test(name))

  it('comes to a host that does not see it, as a read-only copy; the original is left alone', async () => {
    const before = await stat(path)
    const copy = await fetch()
    assert.ok(bytes.equals(await readFile(copy)))
    assert.ok(copy.startsWith(reader.folder))
    assert.equal((await stat(copy)).mode & 0o777, 0o400)
    assert.deepEqual([(await stat(path)).mtimeMs, (await stat(path)).mode], [before.mtimeMs, before.mode])
    assert.deepEqual((await filesIn(holder.folder)).map(name => basename(name)).length, 1)
  })

  it('is read by its holder only when somebody asks, once however many do, and never again', async () => {
    assert.equal((await holder.runFiles.find(SOURCE.run, fileId(SOURCE.run, file)))?.hash, null)
    assert.equal(holder.hasher.readBytes, 0)
    const others = await Promise.all(['second', 'third'].map(name => peers.add(name, { threads })))
    await Promise.all([reader, ...others].map(peer => fetch(peer)))
    await fetch()
    assert.equal(holder.hasher.readBytes, bytes.length)
    assert.equal(reader.puller.metrics.pulls, 1)
  })

  it('can be had after its holder began anew, which reads it no second time', async () => {
    const second = await peers.add('second', { threads })
    await fetch(second)
    await peers.kill(second)
    await peers.kill(holder)
    const { folder: kept } = holder
    const again = await peers.add('holder', { threads, folder: kept })
    assert.ok(bytes.equals(await readFile(await fetch())))
    assert.equal(again.hasher.readBytes, 0)
  })

  it('is asked for anew when its holder began anew before it was had, which has forgotten what it said', async () => {
    const pull = reader.puller.pull.bind(reader.puller)
    let pulls = 0
    reader.puller.pull = async (...args) => {
      pulls += 1
      if (pulls === 1) {
        await peers.kill(holder)
        holder = await peers.add('holder', { threads, folder: holder.folder })
      }
      return pull(...args)
    }
    assert.ok(bytes.equals(await readFile(await fetch())))
    assert.deepEqual([pulls, holder.hasher.readBytes], [2, 0])
  })

  it('is asked for anew a few times only', async () => {
    holder.runFiles.offered = () => undefined
    await assert.rejects(fetch(), { code: 'LF_FILE_LOST', message: /does not have it/ })
  })

  it('that was written again is not given: the error tells both', async () => {
    await writeFile(path, randomBytes(bytes.length + 1))
    await assert.rejects(fetch(), {
      code: 'LF_FILE_CHANGED',
      message: new RegExp(
        `task "measure" of main:1 .*${bytes.length} bytes of 2023-11-14.* now ${bytes.length + 1} bytes`,
      ),
    })
    await rm(path)
    // Nor is it sought elsewhere by the one who named it.
    for (const peer of [reader, holder]) {
      await assert.rejects(fetch(peer), { code: 'LF_FILE_CHANGED', message: /gone/ })
    }
    assert.deepEqual(await copies(), [])
  })

  it('whose middle was changed behind its time after it was read is found out by its hash', async () => {
    const second = await peers.add('second', { threads })
    await fetch(second)
    const other = Buffer.from(bytes)
    other[2 * MiB]! ^= 1
    await writeFile(path, other)
    await utimes(path, 1_700_000_000, 1_700_000_000)
    const [hash = ''] = peers.providers.keys()
    // Who brought it before would give it as it was.
    peers.providers.clear()
    await assert.rejects(fetch(), { code: 'LF_FILE_LOST', message: /is not the payload/ })
    assert.deepEqual(await copies(), [])
    // The holder was told that something is wrong, has looked, and gives it no more.
    await eventually(() => holder.runFiles.offered(hash) === undefined)
    await assert.rejects(fetch(), { code: 'LF_FILE_CHANGED', message: /although size and time are the same/ })
  })

  it('that was changed and made again with the same bytes is given as before', async () => {
    const changeBehindItsTime = async () => {
      await writeFile(path, Buffer.from(bytes).fill(1, 2 * MiB, 3 * MiB))
      await utimes(path, 1_700_000_000, 1_700_000_000)
    }
    for (const change of [() => rm(path), changeBehindItsTime]) {
      await fetch(await peers.add('second', { threads }))
      const [hash = ''] = peers.providers.keys()
      await change()
      const stream = await HolderStream.open(peers.networkOf('reader'), 'holder', systemClock, NEVER)
      await stream.ask({ kind: 'suspect', hash })
      for (let asked = 0; asked < 3; asked++) await stream.ask({ kind: 'door', hash })
      stream.close()
      if (change === changeBehindItsTime) await eventually(() => holder.runFiles.offered(hash) === undefined)
      await writeFile(path, bytes)
      const again = change === changeBehindItsTime ? 1_700_000_001 : 1_700_000_000
      await utimes(path, again, again)
      file = await lookAtFile(path)
      await holder.named.name(SOURCE.run, file)
      peers.providers.clear()
      assert.ok(bytes.equals(await readFile(await fetch(await peers.add('third', { threads })))))
      peers.providers.clear()
    }
  })

  it('is lost when its holder is gone or has forgotten it; who may come back is told apart', async () => {
    const unknown = { ...SOURCE, run: 'another-run' }
    const forgotten = await reader.named.fetch(READER_RUN, file, unknown, NEVER).catch((error: unknown) => error)
    assert.match((forgotten as Error).message, /knows of no such file/)
    assert.deepEqual(undecidedHolders(forgotten), [])
    await peers.kill(holder)
    const gone = await fetch().catch((error: unknown) => error)
    assert.equal((gone as { code: string }).code, 'LF_FILE_LOST')
    assert.deepEqual(undecidedHolders(gone), ['holder'])
  })

  it('is lost when its holder is killed in the middle, and nothing stays behind', async () => {
    peers.host = null
    const fetched = fetch().catch((error: unknown) => error)
    await eventually(async () => (await copies()).some(name => name.endsWith('.part')))
    await peers.kill(holder)
    assert.equal(((await fetched) as { code: string }).code, 'LF_FILE_LOST')
    assert.deepEqual(await copies(), [])
  })

  it('is not asked for any longer than somebody waits', async () => {
    const abort = new AbortController()
    const fetched = assert.rejects(fetch(reader, abort.signal), /enough/)
    abort.abort(new Error('enough'))
    await fetched
    assert.deepEqual(
      (await copies()).filter(name => !name.endsWith('.part')),
      [],
    )
  })

  it('comes also when the disk of its holder is full, on which the hash cannot be kept', async () => {
    const id = fileId(SOURCE.run, file)
    const folderOfRun = join(holder.folder, 'runs', SOURCE.run)
    const hashFile = threads.hashFile.bind(threads)
    // A folder in the place of the note stands for a disk that does not take it.
    threads.hashFile = async (...args) => {
      await rm(join(folderOfRun, `${id}.link`))
      await mkdir(join(folderOfRun, `${id}.link`))
      return hashFile(...args)
    }
    try {
      assert.ok(bytes.equals(await readFile(await fetch())))
    } finally {
      threads.hashFile = hashFile
    }
  })

  it('that its holder cannot read now, for a reason that passes, is not taken for gone', async () => {
    // A loop of links stands for a share that stumbles, or too many open files: an error that does not say that the file is gone.
    await rename(path, join(folder, 'elsewhere'))
    await symlink(path, path)
    for (const peer of [reader, holder]) {
      const lost = await fetch(peer).catch((error: unknown) => error)
      assert.deepEqual([(lost as { code: string }).code, undecidedHolders(lost)], ['LF_FILE_LOST', ['holder']])
    }
    await rename(join(folder, 'elsewhere'), path)
    assert.ok(bytes.equals(await readFile(await fetch())))
  })

  it('on a disk that does not answer keeps no place of its holder taken when nobody waits any more', async () => {
    let isReading = false
    holder.hasher.judge = async (_link, signal) => {
      isReading = true
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      throw signal.reason
    }
    const abort = new AbortController()
    const fetched = assert.rejects(fetch(reader, abort.signal), /enough/)
    await eventually(() => isReading)
    assert.equal(holder.server.serving, 1)
    abort.abort(new Error('enough'))
    await fetched
    await eventually(() => holder.server.serving === 0)
  })

  it('is brought again when its copy was spoilt', async () => {
    const copy = await fetch()
    await rm(copy)
    await writeFile(copy, Buffer.alloc(bytes.length, 1))
    assert.ok(bytes.equals(await readFile(await fetch())))
    assert.equal(reader.puller.metrics.pulls, 2)
  })

  it('that cannot fit on the disk is not begun', async () => {
    file = { ...file, bytes: 2 ** 52 }
    await holder.named.name(SOURCE.run, file)
    lie({ kind: 'file', hash: 'ab'.repeat(32), sizeBytes: file.bytes })
    await assert.rejects(fetch(), { code: 'LF_PAYLOAD_NOT_KEPT', hint: /disk is full/ })
    assert.equal(reader.puller.metrics.pulls, 0)
  })

  it('from a holder that lies about what it is, is not taken', async () => {
    const other = randomBytes(bytes.length)
    const ref = await holder.store.put(other)
    lie({ kind: 'file', hash: ref.hash, sizeBytes: other.length })
    await assert.rejects(fetch(), { code: 'LF_FILE_LOST', message: /bytes are others/ })
    assert.deepEqual(await copies(), [])
    // Nor when what it names instead is here already; that stays for whom it belongs to.
    await reader.store.get(ref)
    await assert.rejects(fetch(), { code: 'LF_FILE_LOST', message: /bytes are others/ })
    assert.ok(other.equals(await reader.store.get(ref)))
    for (const answer of [
      { kind: 'file', hash: ref.hash, sizeBytes: 5 },
      { kind: 'here', sizeBytes: bytes.length, door: null },
    ] as PayloadAnswer[]) {
      lie(answer)
      await assert.rejects(fetch(), { code: 'LF_FILE_LOST' })
    }
  })

  /** A holder that answers each question about files with this, and all else as it should. */
  function lie(answer: PayloadAnswer): void {
    holder.hasher.judge = async () => answer as never
  }

  it('is readable by nobody else at a peer that fetches it for another one', async () => {
    const between = await peers.add('between', { threads })
    await fetch()
    const [hash = ''] = peers.providers.keys()
    await between.puller.pull({ hash, sizeBytes: bytes.length, inline: null, holders: ['holder'] }, NEVER)
    assert.equal((await stat(between.local.files.pathOf(hash))).mode & 0o077, 0)
    // And by its own tasks only read, from when one of them has it.
    const copy = await fetch(between)
    assert.deepEqual([between.puller.metrics.pulls, (await stat(copy)).mode & 0o777], [1, 0o400])
  })

  it('is no way to other files: what is asked for is an id, not a path', async () => {
    const { duplex } = await peers.networkOf('reader').openStream('holder', PAYLOAD_PROTOCOL, NEVER)
    duplex.on('error', () => {})
    for (const run of ['../../..', '..', '/etc', SOURCE.run]) {
      const request = encodePayloadMessage({ kind: 'file', hash: 'ab'.repeat(32), run })
      for (const chunk of lengthPrefixed.encode([request])) duplex.write(chunk)
    }
    const answers: Buffer[] = []
    duplex.on('data', (chunk: Buffer) => answers.push(chunk))
    await eventually(() => Buffer.concat(answers).toString('latin1').split('missing').length === 5)
    await nextTurn()
    assert.deepEqual(await readdir(holder.folder), ['runs'])
    duplex.destroy()
  })

  describe('when the files of runs are looked through', () => {
    const old = 1_600_000_000
    const retention = (peer: PayloadPeer, live: string[]) =>
      new Retention({
        files: peer.local.files,
        runFiles: peer.runFiles,
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
        needed: async () => new Set(),
        liveRuns: async () => new Set(live),
      })

    async function age(peer: PayloadPeer): Promise<void> {
      const all = await readdir(peer.folder, { recursive: true })
      for (const name of all) await utimes(join(peer.folder, name), old, old)
    }

    it('keeps link and copy while a run lives that needs them, and forgets both later; never the file', async () => {
      const copy = await fetch()
      for (const peer of [holder, reader]) {
        await age(peer)
        assert.equal(await retention(peer, [SOURCE.run]).round(), 0)
      }
      assert.ok(bytes.equals(await readFile(copy)))
      await age(reader)
      await age(holder)
      assert.equal(await retention(reader, []).round(), 1)
      await retention(holder, []).round()
      assert.deepEqual([await filesIn(reader.folder), await filesIn(holder.folder)], [[], []])
      assert.ok(bytes.equals(await readFile(path)))
    })
  })
})

describe('a file that is read for its hash', () => {
  it('is read step by step, to its end and no further than its size', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lf-hash-'))
    const threads = new BulkThreads()
    try {
      const path = join(folder, 'file')
      for (const size of [0, 1, MiB, 3 * MiB + 1]) {
        const bytes = randomBytes(size)
        await writeFile(path, bytes)
        const steps: number[] = []
        const hash = createHash('sha256').update(bytes).digest('hex')
        const onStep = (done: number) => void steps.push(done)
        assert.equal(await threads.hashFile({ path, sizeBytes: size }, { signal: NEVER, onStep }), hash)
        assert.equal(steps.at(-1) ?? 0, size)
        for (const sizeBytes of [size + 1, size + MiB]) {
          assert.equal(await threads.hashFile({ path, sizeBytes }, { signal: NEVER }), undefined)
        }
        if (size > 1) assert.equal(await threads.hashFile({ path, sizeBytes: size - 1 }, { signal: NEVER }), undefined)
      }
      await assert.rejects(threads.hashFile({ path: join(folder, 'none'), sizeBytes: 1 }, { signal: NEVER }))
    } finally {
      await threads.close()
      await rm(folder, { recursive: true })
    }
  })
})
