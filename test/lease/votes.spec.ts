import assert from 'node:assert/strict'
import { decide, voteOf, type Ending } from '../../src/lease/votes.ts'

describe('votes', () => {
  const table: [string, Ending, 'run' | 'skip'][] = [
    ['a task without a limit lets all run', { state: 'done', limit: null }, 'run'],
    ['a limit lets run what it names', { state: 'done', limit: ['other', 'next'] }, 'run'],
    ['a limit skips what it does not name', { state: 'done', limit: ['other'] }, 'skip'],
    ['an empty limit skips all', { state: 'done', limit: [] }, 'skip'],
    ['a stopped task skips its successors', { state: 'stopped', skipSuccessors: true }, 'skip'],
    ['a stopped task may let its successors run', { state: 'stopped', skipSuccessors: false }, 'run'],
    ['a skipped task passes the skip on', { state: 'skipped', propagateSkip: true }, 'skip'],
    ['a skipped task may keep the skip to itself', { state: 'skipped', propagateSkip: false }, 'run'],
  ]
  for (const [name, ending, vote] of table) it(name, () => assert.equal(voteOf(ending, 'next'), vote))
})

describe('decide', () => {
  const table: [string, boolean, ('run' | 'skip' | null)[], 'run' | 'skip' | 'wait'][] = [
    ['runs a source', false, [], 'run'],
    ['runs when one lane is live', false, ['skip', 'run', 'skip'], 'run'],
    ['skips when no lane is live', false, ['skip', 'skip'], 'skip'],
    ['runs a forced task when no lane is live', true, ['skip', 'skip'], 'run'],
    ['waits for all predecessors although one lane is live', false, ['run', null], 'wait'],
    ['waits for all predecessors of a forced task', true, ['run', null], 'wait'],
  ]
  for (const [name, forceRun, votes, verdict] of table) it(name, () => assert.equal(decide(forceRun, votes), verdict))
})
