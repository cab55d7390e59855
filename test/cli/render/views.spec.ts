import assert from 'node:assert/strict'
import { eventLine } from '../../../cli/render/event-line.ts'
import { meshStatus } from '../../../cli/render/mesh-view.ts'
import { drainFrame, drainLine, evictQuestion, evictText } from '../../../cli/render/peer-view.ts'
import { resultBlocks } from '../../../cli/render/result-view.ts'
import { runDetails, runSummary, runTable } from '../../../cli/render/run-view.ts'
import { widthOf } from '../../../cli/render/text.ts'
import { waitFrame, waitLine, waitSummary } from '../../../cli/render/wait-view.ts'
import { workflowList } from '../../../cli/render/workflow-list.ts'
import type { Surface } from '../../../cli/render/colours.ts'
import { fakeClient, RESULTS } from '../support/fake-client.ts'
import {
  DRAINING,
  EMPTY_MESH,
  EVENTS,
  EVICTED,
  FAILED,
  FEW_COPIES,
  HELD,
  MESH,
  NOW,
  RUNNING,
  SUCCEEDED,
  WAITING_RUN,
  LEFT,
} from '../support/sample-views.ts'
import { matchesSnapshot, surface, SURFACES } from '../support/snapshot.ts'

const VIEWS: Record<string, (surface: Surface) => string> = {
  mesh: on => meshStatus(MESH, on),
  'mesh-without-peers': on => meshStatus(EMPTY_MESH, on),
  'run-folded': on => runDetails(RUNNING, on),
  'run-few-copies': on => runDetails(FEW_COPIES, on),
  'run-failed': on => runSummary(FAILED, on),
  'run-waiting': on => runSummary(WAITING_RUN, on),
  runs: on => runTable([RUNNING, WAITING_RUN, SUCCEEDED, FAILED], on),
  'runs-none': on => runTable([], on),
  results: on => resultBlocks(RESULTS, on),
  events: on => EVENTS.map(event => eventLine(event, on)).join('\n'),
  draining: on => [drainLine(DRAINING), drainFrame({ ...DRAINING, heard: true }, on, NOW - 4000)].join('\n'),
  'evict-question': on => evictQuestion(HELD, on),
  evicted: on => evictText(EVICTED, on),
  'wait-frame': on => waitFrame(RUNNING, on),
  'wait-succeeded': on => waitSummary(SUCCEEDED, on),
  'wait-failed': on => waitSummary(FAILED, on),
}

describe('the views', () => {
  for (const [name, draw] of Object.entries(VIEWS)) {
    for (const [where, on] of SURFACES) {
      it(`draw ${name} at ${where} as kept, inside the terminal`, () => {
        const picture = draw(on)
        for (const line of picture.split('\n')) assert.ok(widthOf(line) <= on.columns, `too wide: ${line}`)
        matchesSnapshot(`${name}-${where}`, picture)
      })
    }
  }

  it('list workflows with options, and files that cannot be loaded', async () => {
    matchesSnapshot('workflows-80', workflowList(await fakeClient().workflows(), surface(80)))
  })

  it('tell what a peer has for tasks that need it, and who serves what waits for it', () => {
    const [first, ...others] = MESH.peers
    const peers = [{ ...first!, resources: { gpu: 2 } }, ...others]
    const picture = meshStatus({ ...MESH, peers, backlog: { 'task:gpu=2': 1, 'task:gpu=3': 4 } }, surface(100))
    assert.match(picture, /task,gpu=2/)
    assert.match(picture, /1 ready in task:gpu=2 · served by 1 peer\b/)
    assert.match(picture, /4 ready in task:gpu=3 · no peer serves it/)
  })

  it('tell what a peer that leaves hands on, and what nobody took', () => {
    const lines = [
      drainLine({ ...LEFT, state: 'draining', payloads: { handedOn: 1, leaving: 2 } }),
      drainLine({ ...LEFT, payloads: { handedOn: 3, leaving: 0 } }),
      drainLine({ ...LEFT, payloads: { handedOn: 2, leaving: 1 } }),
    ]
    assert.deepEqual(lines, [
      'beta hands on 2 payloads that runs need',
      'beta has left; other peers hold the 3 payloads that runs need of it',
      'beta has left, with 1 payload that runs need and no other peer took: unless the peer comes back, what made it runs again, or what needs it fails (made by an exclusive task, or given to a DAG)',
    ])
  })

  it('draw every copy when asked', () => {
    const picture = runDetails(RUNNING, surface(80), { all: true })
    assert.match(picture, /identify:1 /)
    assert.match(picture, /identify:64 /)
    assert.doesNotMatch(picture, /identify × 64/)
  })

  it('use no escape sequences without colours, and only ASCII where the locale asks for it', () => {
    for (const draw of Object.values(VIEWS)) {
      assert.doesNotMatch(draw(surface(80)), /\u001b/) // oxlint-disable-line no-control-regex
      assert.match(draw(surface(80, { unicode: false })), /^[\x20-\x7e\n]*$/)
    }
  })

  it('keep control sequences of task errors out of the terminal', () => {
    const error = { code: 'X', message: 'gone \u001b]0;title\u0007\u001b[2Jwrong' }
    assert.doesNotMatch(runSummary({ ...FAILED, error }, surface(80)), /\u001b|\u0007/) // oxlint-disable-line no-control-regex
  })

  it('say in a wait that a lost task waits for somebody, and in the run what to type', () => {
    const dags = RUNNING.dags.slice(0, 1).map(dag => ({
      ...dag,
      tasks: dag.tasks.slice(0, 1).map(task => ({
        ...task,
        state: 'lost' as const,
        error: { code: 'LF_TASK_LOST', message: 'Peer "x" was lost.', hint: 'Decide.' },
      })),
    }))
    const lost = { ...RUNNING, tasks: { lost: 1, blocked: 1 }, dags }
    assert.match(waitFrame(lost, surface(80)), /A lost task waits for a decision: lf workflow show phasid-7kf3q2d/)
    assert.match(
      waitLine(lost),
      /^0\/2 tasks, 1 lost\. A lost task waits for a decision: lf workflow show phasid-7kf3q2d$/,
    )
    assert.match(
      runDetails(lost, surface(120)),
      /lf workflow resolve phasid-7kf3q2d\s+screen:1\/list-profiles --run-again, or --give-up/,
    )
  })

  it('put what needs somebody before the runs where a long picture is cut off', () => {
    const order = (picture: string) =>
      ['PEER', 'ATTENTION', 'RUNS'].toSorted((a, b) => picture.indexOf(a) - picture.indexOf(b))
    assert.deepEqual(order(meshStatus(MESH, surface(80), { urgentFirst: true })), ['PEER', 'ATTENTION', 'RUNS'])
    assert.deepEqual(order(meshStatus(MESH, surface(80))), ['PEER', 'RUNS', 'ATTENTION'])
  })

  it('name the run of a task that runs only when several are under way', () => {
    const one = { ...MESH, runs: MESH.runs.slice(0, 1) }
    assert.doesNotMatch(meshStatus(one, surface(120)), /phasid-7kf3q2d\/identify:42\/smooth/)
    assert.match(meshStatus(MESH, surface(140)), /phasid-7kf3q2d\/identify:42\/smooth/)
    assert.match(meshStatus(MESH, surface(80)), /phasid-7kf3q2d\/…\/smooth/)
  })

  it('tell a few of many errors and how many there are', () => {
    const dags = RUNNING.dags.map(dag => ({
      ...dag,
      tasks: dag.tasks.map(task => ({ ...task, state: 'failed' as const, error: { code: 'X', message: 'no beam' } })),
    }))
    const picture = runDetails({ ...RUNNING, dags }, surface(80))
    assert.equal(picture.match(/no beam/g)?.length, 5)
    assert.match(picture, /and 319 more: lf workflow show phasid-7kf3q2d --json/)
  })
})
