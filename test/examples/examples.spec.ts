import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleWorkflow } from '../../src/bundle/bundle-workflow.ts'
import { runLocal } from '../../src/index.ts'
import { EXAMPLES } from './expected/all.ts'
import { exampleFile, loadExample, observeLocally } from './support/observe-locally.ts'

describe('the examples', () => {
  for (const example of EXAMPLES) {
    const kept = example.keepData === true ? ', its data kept' : ''
    it(`${example.name}${kept}: shows what it is to show`, () => observeLocally(example))
    const { refuses } = example
    if (refuses === undefined) continue
    it(`${example.name}: refuses to start without what it needs`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'lightflow-example-'))
      try {
        const workflow = await loadExample(example.name, folder)
        await assert.rejects(runLocal(workflow, refuses.args), { code: refuses.code, message: refuses.message })
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
  }

  it('are each looked at by a test, and say in one sentence what they teach', async () => {
    const files = (await readdir(new URL('../../examples', import.meta.url))).filter(name => name.endsWith('.ts'))
    const names = files.map(name => name.slice(0, -'.ts'.length))
    assert.deepEqual(names.toSorted(), [...new Set(EXAMPLES.map(({ name }) => name))].toSorted())
    const descriptions = await Promise.all(
      names.map(async name => (await bundleWorkflow(exampleFile(name))).description),
    )
    const page = await readFile(new URL('../../docs/examples.md', import.meta.url), 'utf8')
    for (const name of names)
      assert.ok(page.includes(`(../examples/${name}.ts)`), `docs/examples.md does not list ${name}`)
    for (const description of descriptions) assert.match(description, /^[A-Z].{10,90}\.$/)
    assert.equal(new Set(descriptions).size, names.length)
  })
})
