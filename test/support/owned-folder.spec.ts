import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { eventually } from './eventually.ts'
import { makeOwnedFolder } from './owned-folder.ts'

const MODULE = pathToFileURL(join(import.meta.dirname, 'owned-folder.ts')).href

describe('a temporary folder that says whose it is', () => {
  let parent: string
  beforeEach(() => void (parent = mkdtempSync(join(tmpdir(), 'lightflow-test-'))))
  afterEach(() => rmSync(parent, { recursive: true }))

  const made = () => readdirSync(parent).filter(name => name.startsWith('kind-'))
  const script = (then: string) =>
    `import { makeOwnedFolder } from '${MODULE}'\nmakeOwnedFolder('kind', ${JSON.stringify(parent)})\n${then}`

  it('is removed by the next one when its process has ended', () => {
    spawnSync(process.execPath, ['--input-type=module', '-e', script('process.kill(process.pid, "SIGKILL")')])
    assert.equal(made().length, 1)
    const own = makeOwnedFolder('kind', parent)
    assert.deepEqual(made(), [own.slice(parent.length + 1)])
  })

  it('stays while its process lives', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script('setInterval(() => {}, 1000)')])
    try {
      await eventually(() => made().length === 1)
      makeOwnedFolder('kind', parent)
      makeOwnedFolder('kind', parent)
      assert.equal(made().length, 3)
    } finally {
      child.kill('SIGKILL')
    }
  })

  it('leaves alone what is not of its kind, or of which it is not known whose it is', () => {
    const names = ['kind-other-1-1-1-abcdef', 'kind-abcdef', 'kind-1-2-x-abcdef']
    for (const name of names) mkdtempSync(join(parent, `${name}-`))
    makeOwnedFolder('kind', parent)
    assert.equal(readdirSync(parent).length, names.length + 1)
  })
})
