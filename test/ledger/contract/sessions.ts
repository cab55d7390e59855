import assert from 'node:assert/strict'
import { DEAD_SESSION_KEPT_MS } from '../../../src/ledger/ledger-limits.ts'
import { refused, type Bench } from './bench.ts'

const REPORT = { busy: 2, connected: ['peer-x'], addrs: ['/ip4/10.0.0.1/tcp/2'], draining: false }

export function describeSessions(bench: () => Bench): void {
  describe('sessions', () => {
    it('opens a session with all that it was told', async () => {
      const opened = await bench().session('s1', { queues: ['a', 'b'], labels: { beamline: 'saxs' } })
      const { ledger, clock } = bench()
      assert.deepEqual(await ledger.sessions(), [opened])
      assert.equal(opened.state, 'alive')
      assert.equal(opened.beat, 0)
      assert.equal(opened.startedAt, clock.now)
      assert.deepEqual(opened.queues, ['a', 'b'])
      assert.deepEqual(opened.labels, { beamline: 'saxs' })
    })

    it('opens a session once when it is asked twice', async () => {
      const first = await bench().session('s1')
      bench().clock.advance(5)
      assert.deepEqual(await bench().session('s1'), first)
      assert.equal((await bench().ledger.sessions()).length, 1)
    })

    it('refuses a peer that is already running, and says where', async () => {
      await bench().session('s1', { peer: 'p', host: 'hutch-3' })
      await refused(bench().session('s2', { peer: 'p' }), 'LF_PEER_ALREADY_RUNNING', /hutch-3/)
      assert.deepEqual(
        (await bench().ledger.sessions()).map(({ id }) => id),
        ['s1'],
      )
    })

    it('lets a peer come back after its session was buried', async () => {
      await bench().session('s1', { peer: 'p' })
      await bench().kill('s1')
      await bench().session('s2', { peer: 'p' })
    })

    it('does not open a buried session again', async () => {
      await bench().session('s1')
      await bench().kill('s1')
      await refused(bench().session('s1'), 'LF_SESSION_BURIED')
    })

    it('records what a beat reports', async () => {
      const { ledger, clock } = bench()
      await bench().session('s1')
      clock.advance(50)
      assert.equal(await ledger.beat('s1', 1, REPORT), 'ok')
      const [session] = await ledger.sessions()
      assert.deepEqual([session?.beat, session?.busy, session?.connected], [1, 2, ['peer-x']])
      assert.deepEqual([session?.addrs, session?.beatAt, session?.state], [REPORT.addrs, clock.now, 'alive'])
    })

    it('takes no news from a beat that it has passed', async () => {
      const { ledger } = bench()
      await bench().session('s1')
      await ledger.beat('s1', 3, REPORT)
      assert.equal(await ledger.beat('s1', 3, { ...REPORT, busy: 9 }), 'ok')
      assert.equal(await ledger.beat('s1', 2, { ...REPORT, busy: 9 }), 'ok')
      const [session] = await ledger.sessions()
      assert.deepEqual([session?.beat, session?.busy], [3, 2])
    })

    it('shows a session that drains', async () => {
      await bench().session('s1')
      await bench().ledger.beat('s1', 1, { ...REPORT, draining: true })
      assert.equal((await bench().ledger.sessions())[0]?.state, 'draining')
    })

    it('keeps a request to drain, the first one, whatever the peer reports', async () => {
      const { ledger, clock } = bench()
      await bench().session('s1')
      const askedAt = clock.now
      assert.equal(await ledger.requestDrain('s1', 'ann@hutch'), true)
      clock.advance(5)
      assert.equal(await ledger.requestDrain('s1', 'bob@hutch'), true)
      assert.equal(await ledger.beat('s1', 1, REPORT), 'ok')
      const [session] = await ledger.sessions()
      assert.deepEqual(session?.drainAsked, { by: 'ann@hutch', at: askedAt })
      assert.equal(session?.state, 'alive')
    })

    it('does not ask a session that is over, or that nobody knows, to drain', async () => {
      const { ledger } = bench()
      await bench().session('s1')
      await bench().kill('s1')
      await bench().session('s2')
      await ledger.closeSession('s2')
      for (const id of ['s1', 's2', 'nobody']) assert.equal(await ledger.requestDrain(id, 'ann'), false)
      assert.ok((await ledger.sessions(0)).every(({ drainAsked }) => drainAsked === undefined))
    })

    it('starts without a request to drain when a peer comes back', async () => {
      const { ledger } = bench()
      await bench().session('s1', { peer: 'p' })
      await ledger.requestDrain('s1', 'ann')
      await bench().kill('s1')
      assert.equal((await bench().session('s2', { peer: 'p' })).drainAsked, undefined)
    })

    it('tells an evicted session so, and who evicted it', async () => {
      const { ledger } = bench()
      await bench().session('s1')
      assert.equal(await ledger.bury('s1', 0, 'evicted', 'ann@hutch'), true)
      assert.equal(await ledger.beat('s1', 1, REPORT), 'evicted')
      const [dead] = await ledger.sessions(0)
      assert.deepEqual([dead?.deathProof, dead?.buriedBy], ['evicted', 'ann@hutch'])
    })

    it('tells an unknown session that it is buried', async () => {
      assert.equal(await bench().ledger.beat('nobody', 1, REPORT), 'buried')
    })

    it('buries a session once, only at the beat that was seen, and for good', async () => {
      const { ledger } = bench()
      await bench().session('s1')
      await ledger.beat('s1', 1, REPORT)
      assert.equal(await ledger.bury('s1', 0, 'silence', 's2'), false)
      assert.equal(await ledger.beat('s1', 2, REPORT), 'ok')
      const verdicts = await Promise.all(['a', 'b', 'c'].map(by => ledger.bury('s1', 2, 'silence', by)))
      assert.equal(verdicts.filter(Boolean).length, 1)
      assert.equal(await ledger.beat('s1', 3, REPORT), 'buried')
      assert.equal(await ledger.bury('s1', 2, 'silence', 'd'), false)
      assert.deepEqual(await ledger.sessions(), [])
      const [dead] = await ledger.sessions(0)
      assert.deepEqual([dead?.state, dead?.deathProof, dead?.beat], ['dead', 'silence', 2])
      assert.ok(['a', 'b', 'c'].includes(dead?.buriedBy ?? ''))
    })

    it('says goodbye once', async () => {
      const { ledger, clock } = bench()
      await bench().session('s1')
      await ledger.closeSession('s1')
      const [left] = await ledger.sessions(0)
      clock.advance(10)
      await ledger.closeSession('s1')
      await ledger.closeSession('nobody')
      assert.deepEqual(await ledger.sessions(0), [left])
      assert.equal(left?.deathProof, 'left')
      assert.equal(await ledger.beat('s1', 1, REPORT), 'buried')
      assert.equal(await ledger.bury('s1', 0, 'silence', 's2'), false)
    })

    it('lists the dead only as far back as asked', async () => {
      const { ledger, clock } = bench()
      await bench().session('s1')
      await bench().kill('s1')
      await bench().session('s2')
      const ids = async (since?: number) => (await ledger.sessions(since)).map(({ id }) => id).sort()
      assert.deepEqual(await ids(clock.now - 1), ['s1', 's2'])
      assert.deepEqual(await ids(clock.now), ['s2'])
    })

    it('forgets those who died long ago', async () => {
      const { ledger, clock } = bench()
      await bench().session('s1')
      await bench().kill('s1')
      clock.advance(DEAD_SESSION_KEPT_MS + 1)
      await bench().session('s2')
      assert.deepEqual(
        (await ledger.sessions(0)).map(({ id }) => id),
        ['s2'],
      )
    })

    it('shows with few words who beats, and knows by them whose head has changed', async () => {
      const { ledger } = bench()
      await bench().session('s1')
      await bench().session('s2')
      await bench().session('s3')
      await ledger.closeSession('s3')
      const beatOf = async (id: string) => (await ledger.sessionBeats()).find(beat => beat.id === id)
      assert.deepEqual(await beatOf('s1'), { id: 's1', state: 'alive', beat: 0, busy: 0 })
      const { connected, addrs, ...same } = REPORT
      await ledger.beat('s1', 1, { ...same, draining: true })
      assert.deepEqual(await beatOf('s1'), { id: 's1', state: 'draining', beat: 1, busy: 2 })
      const revs = [await beatOf('s1')]
      await ledger.beat('s1', 2, { ...same, addrs })
      revs.push(await beatOf('s1'))
      await ledger.requestDrain('s1', 'ann')
      revs.push(await beatOf('s1'))
      await ledger.beat('s1', 3, { ...same, connected })
      assert.equal(new Set(revs.map(beat => beat?.headRev)).size, 3)
      assert.equal((await beatOf('s1'))?.headRev, revs.at(-1)?.headRev)
      assert.deepEqual((await ledger.sessionBeats()).map(({ id }) => id).sort(), ['s1', 's2'])
    })

    it('shows the heads of those who live, without what only people read', async () => {
      const { ledger } = bench()
      const opened = await bench().session('s1')
      await bench().session('s2')
      await bench().session('s3')
      await ledger.closeSession('s3')
      await ledger.beat('s1', 1, { ...REPORT, stats: { claimsTried: 3 } })
      const { connected: _connected, stats: _stats, beatAt: _beatAt, ...head } = opened
      const [told] = await ledger.sessionHeads(['s1', 's3', 'nobody'])
      const { headRev, ...rest } = told!
      assert.deepEqual(rest, { ...head, beat: 1, busy: 2, addrs: REPORT.addrs })
      assert.equal(headRev, (await ledger.sessionBeats()).find(({ id }) => id === 's1')?.headRev)
      assert.deepEqual((await ledger.sessionHeads(['s3', 'nobody'])).length, 0)
      assert.deepEqual((await ledger.sessionHeads()).map(({ id }) => id).sort(), ['s1', 's2'])
    })

    it('keeps what a beat does not tell again', async () => {
      const { ledger } = bench()
      await bench().session('s1')
      await ledger.beat('s1', 1, REPORT)
      await ledger.beat('s1', 2, { busy: 0, draining: false })
      const [session] = await ledger.sessions()
      assert.deepEqual([session?.connected, session?.addrs, session?.busy], [['peer-x'], REPORT.addrs, 0])
    })

    it('knows nothing of the process behind an unknown session, and that its own is alive', async () => {
      const { ledger } = bench()
      await bench().session('s1')
      assert.deepEqual(await ledger.probe(['s1', 'nobody']), [
        { session: 's1', verdict: 'alive' },
        { session: 'nobody', verdict: 'unknown' },
      ])
    })
  })
}
