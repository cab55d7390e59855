import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClaimedTask } from '../../src/ledger/ledger.ts'
import { ScratchFolders } from '../../src/node/scratch-folders.ts'

function claimed(name: string, claimId: string, dag = 'main:1'): ClaimedTask {
  const task = { run: 'run-1', dag, name }
  return { claim: { task: `run-1/${dag}/${name}`, epoch: 1, claimId }, task } as Partial<ClaimedTask> as ClaimedTask
}

describe('the folders of attempts', () => {
  let root: string
  let folders: ScratchFolders

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lf-scratch-'))
    folders = new ScratchFolders(root)
  })

  afterEach(() => rm(root, { recursive: true, force: true }))

  it('are one for each attempt, also of the same task', () => {
    const one = folders.folderOf(claimed('t', 'aaaaaaaa1'))
    assert.notEqual(one, folders.folderOf(claimed('t', 'bbbbbbbb1')))
    assert.notEqual(one, folders.folderOf(claimed('u', 'aaaaaaaa1')))
  })

  it('are removed with what is in them when their attempts are over, those of others are not', async () => {
    const attempts = [claimed('t', 'aaaaaaaa1'), claimed('u', 'aaaaaaaa1'), claimed('t', 'aaaaaaaa1', 'other:1')]
    const running = claimed('t', 'cccccccc1')
    for (const one of [...attempts, running]) {
      await mkdir(folders.folderOf(one), { recursive: true })
      await writeFile(join(folders.folderOf(one), 'file'), 'text')
    }
    await Promise.all(attempts.map(one => folders.remove(one)))
    for (const one of attempts) assert.equal(existsSync(folders.folderOf(one)), false)
    assert.equal(existsSync(folders.folderOf(running)), true)
  })

  it('need not have been made', async () => {
    await folders.remove(claimed('t', 'aaaaaaaa1'))
    await mkdir(folders.folderOf(claimed('u', 'aaaaaaaa1')), { recursive: true })
    await folders.remove(claimed('t', 'aaaaaaaa1'))
  })
})
