import assert from 'node:assert/strict'
import { MongoNetworkError, MongoServerError } from 'mongodb'
import { isDuplicate, isOpen, messageOf, translate } from '../../../src/ledger/mongo/mongo-errors.ts'

describe('errors of the MongoDB driver', () => {
  it('leave the outcome open when the server was not reached or did not confirm', () => {
    const open = [
      new MongoNetworkError('connection closed'),
      new MongoServerError({ message: 'not primary', code: 10107 }),
      new MongoServerError({ message: 'time limit', code: 50 }),
      new MongoServerError({ message: 'anything', code: 1, errorLabels: ['RetryableWriteError'] }),
      Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' }),
    ]
    for (const error of open) assert.equal(isOpen(error), true, error.message)
  })

  it('are told when the server refused, and a fault of ours is not hidden', () => {
    const refused = new MongoServerError({ message: 'bad filter', code: 2 })
    assert.equal(isOpen(refused), false)
    assert.equal((translate(refused) as { code?: string }).code, 'LF_LEDGER_REFUSED')
    const ours = new TypeError('undefined is not a function')
    assert.equal(isOpen(ours), false)
    assert.equal(translate(ours), ours)
  })

  it('say that a document is there already only when nothing else went wrong', () => {
    const duplicate = new MongoServerError({ message: 'E11000', code: 11_000 })
    assert.equal(isDuplicate(duplicate), true)
    assert.equal(isDuplicate(Object.assign(duplicate, { writeErrors: [{ code: 11_000 }, { code: 2 }] })), false)
  })

  it('are shown without credentials', () => {
    assert.equal(
      messageOf(new Error('cannot parse mongodb://me:sesame@host/db.')),
      'cannot parse mongodb://***@host/db',
    )
  })
})
