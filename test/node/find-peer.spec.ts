import assert from 'node:assert/strict'
import { newSession, endSession } from '../../src/lease/session-life.ts'
import type { SessionRecord } from '../../src/lease/records.ts'
import { findPeer, leftInOrder } from '../../src/node/find-peer.ts'

function session(name: string, id: string, given: Partial<SessionRecord> = {}): SessionRecord {
  const opening = { id, peer: `12D3Koo${id}`, name, host: `${name}-host`, pid: 7, kind: 'node' as const, ttlMs: 20_000 }
  const rest = { addrs: [], queues: ['task'], capacity: 1, version: '0', labels: {} }
  return { ...newSession({ ...opening, ...rest }, 1000), ...given }
}

describe('finding a peer', () => {
  const alpha = session('alpha', 'a1b2')
  const beta = session('beta', 'a1c3')
  const left = endSession(session('gamma', 'f00d'), { proof: 'left', by: null, now: 5000 })
  const all = [alpha, beta, left, session('cli', 'cccc', { kind: 'client' })]

  function refused(wanted: string, sessions = all): { code: string; message: string; hint: string } {
    let thrown: unknown
    assert.throws(
      () => findPeer(wanted, sessions),
      error => {
        thrown = error
        return true
      },
    )
    return thrown as { code: string; message: string; hint: string }
  }

  it('goes by name, session, peer id and the beginnings of both ids', () => {
    for (const wanted of ['alpha', 'a1b2', '12D3Kooa1b2', 'a1b', '12D3Kooa1b'])
      assert.equal(findPeer(wanted, all), alpha)
  })

  it('prefers who bears exactly this name to whose id begins so', () => {
    const named = session('a1b2', 'dddd')
    assert.throws(() => findPeer('a1b2', [alpha, named]), { code: 'LF_PEER_AMBIGUOUS' })
    assert.equal(findPeer('a1b', [alpha, session('a1b', 'eeee')]).name, 'a1b')
  })

  it('lists the candidates when several are meant', () => {
    const { code, hint } = refused('a1')
    assert.equal(code, 'LF_PEER_AMBIGUOUS')
    assert.match(hint, /a1b2 \(alpha on alpha-host, process 7\), a1c3 \(beta/)
    assert.equal(refused('12D3Koo').code, 'LF_PEER_AMBIGUOUS')
  })

  it('suggests the most similar name, or names those that are there', () => {
    assert.match(refused('alhpa').hint, /Did you mean alpha\?/)
    assert.match(refused('zzz').hint, /Alive are: alpha, beta/)
    assert.equal(refused('').code, 'LF_UNKNOWN_PEER')
    assert.equal(refused('cli').code, 'LF_UNKNOWN_PEER', 'a command is no peer')
  })

  it('lists all whose names begin so, rather than one of them', () => {
    const several = ['mx1', 'mx2'].map((name, index) => session(name, `e${index}`))
    assert.match(refused('mx', several).hint, /one of mx1, mx2\?/)
    assert.match(refused('alp').hint, /Did you mean alpha\?/)
  })

  it('knows who left in order, unless it came back or died', () => {
    assert.equal(leftInOrder('gamma', all), left)
    assert.equal(leftInOrder('gamma', [...all, session('gamma', 'beef')]), undefined)
    const died = endSession(session('gamma', 'dead'), { proof: 'lock', by: null, now: 6000 })
    assert.equal(leftInOrder('gamma', [...all, died]), undefined, 'the newest counts')
    assert.equal(leftInOrder('alpha', all), undefined)
  })

  it('does not promise a takeover when no peer is alive', () => {
    assert.match(refused('gamma').hint, /other peers take over/)
    assert.match(refused('gamma', [left]).hint, /none is\. Start one with: lf node/)
  })

  it('says since when and why a peer is gone, unless it came back', () => {
    const { code, message } = refused('gamma')
    assert.equal(code, 'LF_PEER_GONE')
    assert.match(message, /since 1970-01-01T00:00:05\.000Z: it left in order/)
    const back = session('gamma', 'beef')
    assert.equal(findPeer('gamma', [...all, back]), back)
  })
})
