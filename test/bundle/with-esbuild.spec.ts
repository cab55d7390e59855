import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'
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

  it('is not ended by another copy of this module while it is at work', async () => {
    const source = new URL('../../src/bundle/with-esbuild.ts?copy', import.meta.url).href
    const copy = (await import(source)) as { withEsbuild: typeof withEsbuild }
    const { promise: goOn, resolve } = Promise.withResolvers<null>()
    const { promise: begun, resolve: begins } = Promise.withResolvers<void>()
    const waits: Plugin = {
      name: 'waits',
      setup(build) {
        build.onLoad({ filter: /./ }, () => {
          begins()
          return goOn
        })
      },
    }
    const building = withEsbuild(
      ({ build }) => build({ entryPoints: [fileURLToPath(import.meta.url)], write: false, plugins: [waits] }),
      50,
    )
    await begun
    await copy.withEsbuild(esbuild => esbuild.transform('1 + 1'), 0)
    // The copy would have ended the helper by now.
    await new Promise<void>(over => setTimeout(over, 20))
    resolve(null)
    assert.equal((await building).outputFiles?.length, 1)
    if (process.platform === 'linux') await eventually(() => helpers().length === 0)
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
