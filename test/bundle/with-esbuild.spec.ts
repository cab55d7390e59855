import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { withEsbuild } from '../../src/bundle/with-esbuild.ts'
import { eventually } from '../support/eventually.ts'

describe('esbuild', () => {
  it('has one helper process for those that come one after the other, and leaves none behind', async function () {
    if (process.platform !== 'linux') this.skip()
    const transform = () => withEsbuild(async esbuild => (await esbuild.transform('1 + 1')).code.trim(), 50)
    const outcomes = await Promise.allSettled([transform(), withEsbuild(() => Promise.reject(new Error('no')), 50)])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
    const [helper] = helpers()
    assert.equal(await transform(), '1 + 1;')
    assert.deepEqual(helpers(), [helper])
    await eventually(() => helpers().length === 0)
    assert.equal(await transform(), '1 + 1;')
    await eventually(() => helpers().length === 0)
  })
})

/** Process ids. */
function helpers(): string[] {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean)
  return children.filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('esbuild')
    } catch {
      return false
    }
  })
}
