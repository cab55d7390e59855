import assert from 'node:assert/strict'
import { mostSimilar } from '../../cli/hooks/command-not-found.ts'

const KNOWN = ['node', 'mesh status', 'workflow', 'workflow start', 'workflow status']

describe('an unknown command', () => {
  it('is taken for the most similar one', () => {
    assert.equal(mostSimilar('workflow strt', KNOWN), 'workflow start')
    assert.equal(mostSimilar('worflow', KNOWN), 'workflow')
    assert.equal(mostSimilar('nod', KNOWN), 'node')
  })

  it('is taken for nothing when nothing is near', () => {
    assert.equal(mostSimilar('quantum', KNOWN), undefined)
    assert.equal(mostSimilar('x', []), undefined)
  })
})
