import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { hasCode, isLightflowError } from '../../../src/core/errors.ts'
import { loadIdentity } from '../../../src/mesh/libp2p/identity.ts'

describe('identity', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'lightflow-identity-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is made once, for its owner only, and is the same ever after', async () => {
    const file = path.join(folder, 'state', 'peer.key')
    const first = await loadIdentity(file)
    const second = await loadIdentity(file)
    assert.match(first.peer, /^12D3KooW/)
    assert.equal(second.peer, first.peer)
    assert.ok(second.privateKey.equals(first.privateKey))
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(path.dirname(file)), ['peer.key'])
  })

  it('is one for all who start at the same time', async () => {
    const file = path.join(folder, 'peer.key')
    const identities = await Promise.all(Array.from({ length: 5 }, () => loadIdentity(file)))
    assert.equal(new Set(identities.map(({ peer }) => peer)).size, 1)
    assert.deepEqual(await readdir(folder), ['peer.key'])
  })

  it('is made private again when others could read it', async () => {
    const file = path.join(folder, 'peer.key')
    const { peer } = await loadIdentity(file)
    await chmod(file, 0o644)
    assert.equal((await loadIdentity(file)).peer, peer)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
  })

  it('is not replaced when its file is damaged', async () => {
    const file = path.join(folder, 'peer.key')
    const rsa = Buffer.from(privateKeyToProtobuf(await generateKeyPair('secp256k1'))).toString('base64')
    for (const text of ['', 'not a key\n', 'AAAA', rsa]) {
      await writeFile(file, text)
      await assert.rejects(loadIdentity(file), isPeerKeyError)
    }
  })

  it('says what to do when the file cannot be read or written', async () => {
    await assert.rejects(loadIdentity(folder), isPeerKeyError)
    await writeFile(path.join(folder, 'file'), '')
    await assert.rejects(loadIdentity(path.join(folder, 'file', 'peer.key')), isPeerKeyError)
  })
})

function isPeerKeyError(error: unknown): boolean {
  return hasCode(error, 'LF_PEER_KEY') && isLightflowError(error) && error.hint !== ''
}
