/** What every mesh promises, whatever carries it. Each adapter's spec calls it with a way to make running peers. */
import assert from 'node:assert/strict'
import { encodeHints } from '../../protocols/hint-codec.ts'
import type { Hint } from '../../protocols/hints.ts'
import { MAX_HINTS_PER_MESSAGE } from '../../protocols/limits.ts'
import type { Mesh } from '../../src/mesh/mesh.ts'
import { eventually } from '../support/eventually.ts'
import { hintsAt, introduce, isFullMesh, memberOf, sessionOf } from './support/mesh-helpers.ts'

export interface MeshFactory {
  /** A running peer whose session is `sessionOf(mesh)`. */
  make: (options?: { incarnation?: string; gossip?: boolean }) => Promise<Mesh>
  /** Stops all peers that were made. */
  cleanUp: () => Promise<void>
  /** Sends bytes as `author` would send a message of hints, past its outbox. */
  sendRaw: (author: Mesh, bytes: Uint8Array) => Promise<void>
  incarnation: string
}

export function meshContract({ make, cleanUp, sendRaw, incarnation }: MeshFactory): void {
  afterEach(cleanUp)

  it('finds the members and carries hints both ways', async () => {
    const [anna, bert, carl] = await Promise.all([make(), make(), make()])
    const [atBert, atCarl, atAnna] = [hintsAt(bert), hintsAt(carl), hintsAt(anna)]
    introduce(anna, bert, carl)
    await eventually(() => isFullMesh(anna, bert, carl))
    await publishUntil(anna, () => atBert.length > 0 && atCarl.length > 0)
    await publishUntil(carl, () => atAnna.length > 0)
    assert.deepEqual([atBert[0]?.from, atBert[0]?.session], [anna.peer, sessionOf(anna)])
    assert.equal(atAnna[0]?.from, carl.peer)
  })

  it('never tells a peer its own hints', async () => {
    const [anna, bert] = await Promise.all([make(), make()])
    const [atAnna, atBert] = [hintsAt(anna), hintsAt(bert)]
    introduce(anna, bert)
    await publishUntil(anna, () => atBert.length > 0)
    assert.deepEqual(atAnna, [])
  })

  it('publishes alone without an error, and counts it', async () => {
    const lone = await make()
    lone.publish(claimed(1))
    await eventually(() => lone.metrics().publishedToNobody === 1)
    assert.equal(lone.metrics().hintsPublished, 1)
  })

  it('carries more hints than one message holds', async () => {
    const [anna, bert] = await Promise.all([make(), make()])
    const atBert = hintsAt(bert)
    introduce(anna, bert)
    await publishUntil(anna, () => atBert.length > 0)
    const first = 1_000_000
    for (let index = 0; index < 3 * MAX_HINTS_PER_MESSAGE; index++) anna.publish(claimed(first + index))
    await eventually(() => atBert.filter(({ hint }) => isClaimedFrom(hint, first)).length === 3 * MAX_HINTS_PER_MESSAGE)
  })

  it('turns a stranger away, says that it came, and lets it in once it is a member', async () => {
    const [host, stranger] = await Promise.all([make(), make()])
    const unknown: string[] = []
    host.on('unknown', peer => unknown.push(peer))
    stranger.setMembers([memberOf(host), memberOf(stranger)])
    await eventually(() => unknown.length > 0)
    assert.deepEqual(unknown, [stranger.peer])
    assert.deepEqual(host.connected(), [])
    assert.deepEqual(stranger.connected(), [])
    host.setMembers([memberOf(host), memberOf(stranger)])
    await eventually(() => isFullMesh(host, stranger))
  })

  it('tells when a peer comes and when it goes', async () => {
    const [anna, bert] = await Promise.all([make(), make()])
    const told: string[] = []
    anna.on('connected', peer => told.push(`+${peer}`))
    anna.on('disconnected', peer => told.push(`-${peer}`))
    introduce(anna, bert)
    await eventually(() => isFullMesh(anna, bert))
    await bert.stop()
    await eventually(() => anna.connected().length === 0)
    assert.deepEqual(told, [`+${bert.peer}`, `-${bert.peer}`])
  })

  it('closes the connection to a peer that is no member any more', async () => {
    const [anna, bert] = await Promise.all([make(), make()])
    introduce(anna, bert)
    await eventually(() => isFullMesh(anna, bert))
    anna.setMembers([memberOf(anna)])
    await eventually(() => anna.connected().length === 0 && bert.connected().length === 0)
  })

  it('keeps out replayed, forged, foreign and oversized messages', async () => {
    const [anna, bert] = await Promise.all([make(), make()])
    const atBert = hintsAt(bert)
    introduce(anna, bert)
    await publishUntil(anna, () => atBert.length > 0)
    const refusedBefore = bert.metrics().hintsRefused
    await sendRaw(anna, rawHints({ session: sessionOf(anna), seq: 900 }))
    const wrong = [
      rawHints({ session: sessionOf(anna), seq: 900 }),
      rawHints({ session: sessionOf(bert), seq: 901 }),
      rawHints({ session: sessionOf(anna), seq: 902, ledger: 'another' }),
      new Uint8Array(20_000),
      Uint8Array.of(0xc1),
    ]
    for (const bytes of wrong) await sendRaw(anna, bytes)
    await eventually(() => bert.metrics().hintsRefused === refusedBefore + wrong.length)
    await sendRaw(anna, rawHints({ session: sessionOf(anna), seq: 903 }))
    const arrived = () => atBert.flatMap(({ hint }) => (hint.kind === 'stopping' ? [hint.run] : []))
    await eventually(() => arrived().includes('run 903'))
    assert.deepEqual(arrived(), ['run 900', 'run 903'])
  })

  it('connects but carries no hints when gossip is off', async () => {
    const [quiet, loud] = await Promise.all([make({ gossip: false }), make()])
    const [atQuiet, atLoud] = [hintsAt(quiet), hintsAt(loud)]
    introduce(quiet, loud)
    await eventually(() => isFullMesh(quiet, loud))
    quiet.publish(claimed(1))
    loud.publish(claimed(2))
    await eventually(() => loud.metrics().hintsPublished === 1)
    await quiet.stop()
    await loud.stop()
    assert.deepEqual([atQuiet, atLoud, quiet.metrics().hintsPublished], [[], [], 0])
  })

  it('tells one peer alone, at once and in order, besides what is told to all', async () => {
    const [anna, bert, carl] = await Promise.all([make(), make(), make()])
    const [atBert, atCarl] = [hintsAt(bert), hintsAt(carl)]
    introduce(anna, bert, carl)
    await eventually(() => isFullMesh(anna, bert, carl))
    const passed = (session: string): Hint => ({ kind: 'passed', session })
    for (let count = 0; count < 10; count++) anna.tell(bert.peer, [passed(`${count}`), passed(`${count}+`)])
    const told = () =>
      atBert.flatMap(({ hint, from }) => (hint.kind === 'passed' && from === anna.peer ? [hint.session] : []))
    await eventually(() => told().length === 20)
    assert.deepEqual(told(), Array.from({ length: 10 }, (_, count) => [`${count}`, `${count}+`]).flat())
    await publishUntil(anna, () => atCarl.length > 0)
    assert.deepEqual(
      atCarl.filter(({ hint }) => hint.kind === 'passed'),
      [],
    )
  })

  it('tells nobody who is not connected, not itself, nothing that is no hint, and nothing when gossip is off', async () => {
    const [anna, bert, quiet] = await Promise.all([make(), make(), make({ gossip: false })])
    const [atAnna, atBert, atQuiet] = [hintsAt(anna), hintsAt(bert), hintsAt(quiet)]
    anna.tell(bert.peer, [{ kind: 'members' }])
    introduce(anna, bert, quiet)
    await eventually(() => isFullMesh(anna, bert, quiet))
    anna.tell(anna.peer, [{ kind: 'members' }])
    anna.tell(quiet.peer, [{ kind: 'members' }])
    quiet.tell(anna.peer, [{ kind: 'members' }])
    anna.tell(bert.peer, [{ kind: 'passed', session: '' }])
    anna.tell(bert.peer, [{ kind: 'passed', session: 'last' }])
    await eventually(() => atBert.length > 0)
    assert.deepEqual([atAnna, atBert.map(({ hint }) => hint), atQuiet], [[], [{ kind: 'passed', session: 'last' }], []])
  })

  it('never mixes meshes of different ledgers', async () => {
    const [anna, other] = await Promise.all([make(), make({ incarnation: 'b7c6d5e4-0000-4000-8000-000000000000' })])
    const atAnna = hintsAt(anna)
    introduce(anna, other)
    for (let epoch = 0; epoch < 5; epoch++) other.publish(claimed(epoch))
    await eventually(() => other.metrics().publishedToNobody > 0)
    assert.deepEqual([anna.connected(), atAnna], [[], []])
  })

  it('finds who holds a payload: told before or after the asker came, by several, and never itself', async () => {
    const [anna, bert] = await Promise.all([make(), make()])
    await anna.provide(HASH)
    introduce(anna, bert)
    await eventually(() => isFullMesh(anna, bert))
    await eventually(async () => (await providersAt(bert)).length > 0)
    assert.deepEqual(await providersAt(bert), [anna.peer])
    const carl = await make()
    introduce(anna, bert, carl)
    await eventually(() => isFullMesh(anna, bert, carl))
    await bert.provide(HASH)
    await eventually(async () => (await providersAt(carl)).length === 2)
    assert.deepEqual((await providersAt(carl)).toSorted(), [anna.peer, bert.peer].toSorted())
    await eventually(async () => (await providersAt(anna)).length > 0)
    assert.deepEqual(await providersAt(anna), [bert.peer])
    assert.deepEqual(await providersAt(carl, OTHER_HASH), [])
  })

  it('finds no holder that is no member any more', async () => {
    const [anna, bert, carl] = await Promise.all([make(), make(), make()])
    introduce(anna, bert, carl)
    await eventually(() => isFullMesh(anna, bert, carl))
    await anna.provide(HASH)
    await eventually(async () => (await providersAt(carl)).length === 1)
    introduce(bert, carl)
    assert.deepEqual(await providersAt(carl), [])
  })

  it('ends a search for holders without an error: alone, aborted, for what is no hash, before the start and after the stop', async () => {
    const anna = await make()
    assert.deepEqual(await providersAt(anna), [])
    await anna.provide('no hash')
    assert.deepEqual(await providersAt(anna, 'no hash'), [])
    assert.deepEqual(await Array.fromAsync(anna.findProviders(HASH, AbortSignal.abort())), [])
    await anna.stop()
    await anna.provide(HASH)
    assert.deepEqual(await providersAt(anna), [])
  })

  it('lets no listener that throws keep the others from hearing', async () => {
    const [anna, bert] = await Promise.all([make(), make()])
    bert.on('hint', () => {
      throw new Error('a listener failed')
    })
    const atBert = hintsAt(bert)
    introduce(anna, bert)
    await publishUntil(anna, () => atBert.length > 0)
  })

  it('sends what is queued before it stops, and stops twice', async () => {
    const [anna, bert] = await Promise.all([make(), make()])
    const atBert = hintsAt(bert)
    introduce(anna, bert)
    await publishUntil(anna, () => atBert.length > 0)
    anna.publish({ kind: 'members' })
    await Promise.all([anna.stop(), anna.stop()])
    await anna.stop()
    await eventually(() => atBert.some(({ hint }) => hint.kind === 'members'))
    anna.publish(claimed(1))
    assert.deepEqual(anna.connected(), [])
  })

  function rawHints({ session, seq, ledger = incarnation }: { session: string; seq: number; ledger?: string }) {
    return encodeHints({ ledger, session, seq }, [{ kind: 'stopping', run: `run ${seq}` }])[0]!
  }
}

const HASH = 'ab'.repeat(32)
const OTHER_HASH = 'cd'.repeat(32)

function providersAt(mesh: Mesh, hash = HASH): Promise<string[]> {
  return Array.fromAsync(mesh.findProviders(hash, new AbortController().signal))
}

/** Publishes again and again, because the first hints after a connection may be lost. */
export async function publishUntil(mesh: Mesh, arrived: () => boolean, withinMs = 10_000): Promise<void> {
  let epoch = 0
  await eventually(() => {
    if (arrived()) return true
    mesh.publish(claimed(epoch++))
    return false
  }, withinMs)
}

function claimed(epoch: number): Hint {
  return { kind: 'claimed', task: 'run/dag:1/task', epoch }
}

function isClaimedFrom(hint: Hint, epoch: number): boolean {
  return hint.kind === 'claimed' && hint.epoch >= epoch
}
