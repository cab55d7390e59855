import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadPeer } from '../../src/node/load-peer.ts'
import { ownBundleParts, peerBundle, type PeerBundleParts } from '../../src/node/peer-bundle.ts'

describe('the bundle of a peer', () => {
  let root: string
  let parts: PeerBundleParts

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lf-bundle-'))
    const source = (path: string) => join(root, 'src', path)
    parts = {
      entry: source('node/start.ts'),
      threads: [source('thread/own-thread.ts')],
      sources: [join(root, 'src')],
      packages: join(root, 'node_modules'),
    }
    await write(
      'src/node/start.ts',
      "export { place, size } from './place.ts'\nexport { thread } from '../thread/own.ts'\n",
    )
    await write('src/node/place.ts', 'export const place: string = import.meta.url\nexport const size = 1\n')
    await write('src/thread/own.ts', "export const thread = new URL('./own-thread.js', import.meta.url).href\n")
    await write('src/thread/own-thread.ts', 'export const number: number = 7\n')
  })
  afterEach(() => rm(root, { recursive: true }))

  it('is made once, however many ask for it, and made anew when a source changes', async () => {
    const [one, other] = await Promise.all([peerBundle(parts), peerBundle(parts)])
    assert.equal(one, other)
    const made = await stat(one)
    assert.equal((await stat(await peerBundle(parts))).ino, made.ino)
    await write('src/node/place.ts', 'export const place = import.meta.url\nexport const size = 2\n')
    // Also when the file system saw no time pass.
    await utimes(join(root, 'src/node/place.ts'), 1, 1)
    const anew = await peerBundle(parts)
    assert.notEqual(anew, one)
    assert.equal((await load(anew)).size, 2)
  })

  it('stays for as long as a peer may be running it, and is removed then, as is what was never finished', async () => {
    const one = await peerBundle(parts)
    const cache = dirname(dirname(one))
    await mkdir(join(cache, 'peer-0123.77.new'))
    const kept = async (days: number): Promise<number> => {
      await write('src/node/place.ts', `export const place = ${days}\n`)
      await peerBundle(parts, Date.now() + days * 86_400_000)
      return (await readdir(cache)).length
    }
    assert.equal(await kept(0.5), 3)
    assert.equal((await load(one)).size, 1)
    assert.equal(await kept(80), 3, 'two and a new one; the draft is gone')
    assert.equal(await kept(100), 1)
  })

  it('stays for longer when a peer started from it meanwhile', async () => {
    const one = await peerBundle(parts)
    const later = Date.now() + 80 * 86_400_000
    await peerBundle(parts, later)
    await write('src/node/place.ts', 'export const place = 2\n')
    await peerBundle(parts, later + 80 * 86_400_000)
    assert.equal((await load(one)).size, 1)
  })

  it('is made anew when a file of it is gone, cut short, or nothing says what is in it', async () => {
    const one = await peerBundle(parts)
    const text = await readFile(one, 'utf8')
    const breakIt: (() => Promise<void>)[] = [
      () => rm(join(dirname(one), 'own-thread.js')),
      () => truncate(one, 10),
      () => writeFile(join(dirname(one), 'files.json'), '[['),
      () => rm(join(dirname(one), 'files.json')),
    ]
    for (const each of breakIt) {
      await each()
      assert.equal(await peerBundle(parts), one)
      assert.equal(await readFile(one, 'utf8'), text)
      assert.ok((await stat(join(dirname(one), 'own-thread.js'))).size > 0)
    }
    assert.equal((await readdir(dirname(dirname(one)))).length, 1)
  })

  it('is not written by others, whatever the umask is, and is not taken when it may have been', async () => {
    const umask = process.umask(0)
    const one = await peerBundle(parts).finally(() => process.umask(umask))
    for (const path of ['.', ...(await readdir(dirname(one), { recursive: true }))])
      assert.equal((await stat(join(dirname(one), path))).mode & 0o002, 0, path)
    await chmod(dirname(one), 0o757)
    await assert.rejects(peerBundle(parts), /others may write/)
  })

  it('is made anew when a package that is needed changes, also where there is no list of what is installed', async () => {
    await write('package.json', '{"dependencies":{"@scope/one":"^1","not-there":"^1"}}')
    await write('node_modules/@scope/one/package.json', '{"version":"1.0.0"}')
    const own = { ...parts, pjson: join(root, 'package.json') }
    const one = await peerBundle(own)
    assert.equal(await peerBundle(own), one)
    await write('node_modules/@scope/one/package.json', '{"version":"1.0.10"}')
    assert.notEqual(await peerBundle(own), one)
  })

  it('is where its sources are, for these; and has its threads beside itself', async () => {
    const { place, thread } = await load(await peerBundle(parts))
    assert.equal(place, pathToFileURL(join(root, 'src/node/place.ts')).href)
    assert.equal((await import(thread)).number, 7)
  })

  it('has one byte for each letter, whatever is in its sources: V8 needs two for all of a text when one letter does', async () => {
    await write('src/node/place.ts', "export const place = 'a \u2192 b, \u{1F600}'\nexport const size = 1\n")
    const file = await peerBundle(parts)
    assert.equal(
      (await readFile(file)).findIndex(byte => byte > 0x7f),
      -1,
    )
    assert.equal((await load(file)).place, 'a \u2192 b, \u{1F600}')
  })

  it('leaves nothing behind when it cannot be made', async () => {
    await write('src/node/place.ts', 'export const place = ;\n')
    await assert.rejects(peerBundle(parts))
    assert.deepEqual(await readdir(join(parts.packages, '.cache', 'lightflow')), [])
  })

  it('is done without where it cannot be made', async () => {
    await write('src/node/place.ts', 'export const place = ;\n')
    const peer = await loadPeer(undefined, parts)
    assert.equal(typeof peer.startPeer, 'function')
  })

  it('is done without where there is no peer in it', async () => {
    const peer = await loadPeer(undefined, parts)
    assert.equal(typeof peer.startPeer, 'function')
  })

  it('can be made of this peer', async () => {
    const own = ownBundleParts()
    assert.ok(own)
    const peer = (await import(pathToFileURL(await peerBundle(own)).href)) as { startPeer: unknown }
    assert.equal(typeof peer.startPeer, 'function')
  })

  async function write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }

  async function load(file: string): Promise<{ place: string; size: number; thread: string }> {
    return import(pathToFileURL(file).href)
  }
})
