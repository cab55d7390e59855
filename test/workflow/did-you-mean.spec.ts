import assert from 'node:assert/strict'
import { didYouMean, mostSimilar } from '../../src/workflow/did-you-mean.ts'

describe('didYouMean', () => {
  it('finds letters left out, added, replaced and swapped', () => {
    for (const word of ['filepth', 'filepaath', 'filepxth', 'flie_path', 'FilePath']) {
      assert.equal(mostSimilar(word, ['iterations', 'filepath']), 'filepath')
    }
  })

  it('prefers the most similar one', () => {
    assert.equal(mostSimilar('lane2', ['lane1', 'lane2', 'lane3']), 'lane2')
  })

  it('finds the one that begins as the word does', () => {
    assert.equal(didYouMean('retry', ['retries', 'queue']), 'Did you mean "retries"?')
    assert.equal(didYouMean('timeout', ['timeoutMs', 'queue']), 'Did you mean "timeoutMs"?')
    assert.equal(didYouMean('sample', ['samplePath', 'sampleName']), 'Known: "samplePath", "sampleName".')
  })

  it('lists what there is when nothing is similar', () => {
    assert.equal(didYouMean('zzz', ['iterations', 'filepath']), 'Known: "iterations", "filepath".')
    assert.equal(didYouMean('zzz', []), 'There are none.')
    assert.match(
      didYouMean(
        'zzz',
        Array.from({ length: 20 }, (_, index) => `option${index}`),
      ),
      /and 8 more\.$/,
    )
  })
})
