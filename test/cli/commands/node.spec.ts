import assert from 'node:assert/strict'
import { eventually } from '../../support/eventually.ts'
import { endAll, FAKES, lf, type Running, spawnLf } from '../support/spawn-lf.ts'

function startNode(args: string[] = [], scenario = ''): Running {
  return spawnLf(['node', '--capacity', '2', ...args], { preload: [FAKES], env: { LF_TEST_SCENARIO: scenario } })
}

/** Sends SIGTERM until the process has ended: what follows a signal too closely counts as the same one. */
async function insist(node: Running): Promise<unknown> {
  await eventually(() => !node.child.kill('SIGTERM'), 10_000, 300)
  return node.ended
}

const READY =
  'peer alpha is ready: 2 tasks at once, queue task; ledger sqlite:/tmp/ledger.db; listening on /ip4/127.0.0.1/tcp/4117 /ip4/10.0.0.7/tcp/4117 and 1 more\n'

describe('lf node', () => {
  afterEach(endAll)

  it('prints one line when it is ready, drains on SIGTERM and exits with 0', async () => {
    const node = startNode()
    await eventually(() => node.stdout().endsWith('\n'))
    node.child.kill('SIGTERM')
    assert.equal(await node.ended, 0)
    assert.equal(node.stdout(), READY)
    assert.match(node.stderr(), /draining: 2 tasks to finish; again to stop at once/)
    assert.match(node.stderr(), /peer alpha has left the mesh/)
  })

  it('says what it has for tasks that need it, and refuses what is no amount', async () => {
    const node = startNode(['--resource', 'gpu=2', '--resource', 'licence=1'])
    await eventually(() => node.stdout().endsWith('\n'))
    assert.match(node.stdout(), /2 tasks at once, queue task, gpu=2, licence=1;/)
    node.child.kill('SIGTERM')
    assert.equal(await node.ended, 0)
    const wrong = await lf(['node', '--resource', 'gpu'], { preload: [FAKES] })
    assert.equal(wrong.exit, 2)
    assert.match(wrong.stderr, /"gpu" is no resource\.\nWhat to do: Give resources as NAME=NUMBER/)
  })

  it('drains on Ctrl-C too', async () => {
    const node = startNode()
    await eventually(() => node.stdout() !== '')
    node.child.kill('SIGINT')
    assert.equal(await node.ended, 0)
  })

  it('stops at once when asked again, with the code of the signal', async () => {
    const node = startNode([], 'stuck')
    await eventually(() => node.stdout() !== '')
    node.child.kill('SIGTERM')
    await eventually(() => node.stderr().includes('draining'))
    assert.equal(await insist(node), 143)
    assert.match(node.stderr(), /stopping at once/)
  })

  it('tells scripts that it is ready as JSON on one line, and logs JSON', async () => {
    const node = startNode(['--json', '--log-json', '--name', 'beta', '--queues', 'gpu,bash', '--label', 'rack=7'])
    await eventually(() => node.stdout().endsWith('\n'))
    node.child.kill('SIGTERM')
    assert.equal(await node.ended, 0)
    const { ready } = JSON.parse(node.stdout())
    assert.deepEqual(Object.keys(ready), ['name', 'peer', 'session', 'addrs', 'ledger', 'pid'])
    assert.equal(ready.name, 'beta')
    assert.equal(ready.pid, node.child.pid)
    const [first] = node.stderr().trim().split('\n')
    const { time, ...line } = JSON.parse(first!)
    assert.ok(time)
    assert.deepEqual(line, {
      level: 'info',
      message: 'peer started',
      queues: ['gpu', 'bash'],
      capacity: 2,
      labels: { rack: '7' },
    })
  })

  it('fails with the reason when it cannot start or has to give up', async () => {
    const broken = startNode([], 'broken-start')
    assert.equal(await broken.ended, 1)
    assert.match(broken.stderr(), /Another peer called alpha lives here\.\nWhat to do: Use --name\./)
    const lost = startNode([], 'gives-up')
    assert.equal(await lost.ended, 1)
    assert.match(lost.stderr(), /The ledger is gone/)
  })

  it('goes on when nobody reads its log any more', async () => {
    const node = startNode([], 'stuck')
    await eventually(() => node.stdout() !== '')
    node.child.stderr?.destroy()
    node.child.stdout?.destroy()
    // It cannot tell that it drains; had that ended it, it would not get as far as the second signal and its code.
    assert.equal(await insist(node), 143)
  })

  it('refuses labels without a value, and a peer without queues', async () => {
    const [label, queues] = await Promise.all([
      lf(['node', '--label', 'rack'], { preload: [FAKES] }),
      lf(['node', '--queues', ' '], { preload: [FAKES] }),
    ])
    assert.equal(label.exit, 2)
    assert.match(label.stderr, /"rack" is no label/)
    assert.equal(queues.exit, 2)
    assert.match(queues.stderr, /needs a queue/)
  })
})
