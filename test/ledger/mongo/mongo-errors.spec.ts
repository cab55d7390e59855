import assert from 'node:assert/strict'
import {
  BSON,
  MongoBulkWriteError,
  MongoCompatibilityError,
  MongoInvalidArgumentError,
  MongoNetworkError,
  MongoRuntimeError,
  MongoServerClosedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
} from 'mongodb'
import { isDuplicate, isOpen, messageOf, translate } from '../../../src/ledger/mongo/mongo-errors.ts'

describe('errors of the MongoDB driver', () => {
  it('leave the outcome open when the server was not reached or did not confirm', () => {
    const open = [
      new MongoNetworkError('connection closed'),
      new MongoServerError({ message: 'not primary', code: 10107 }),
      new MongoServerError({ message: 'time limit', code: 50 }),
      new MongoServerError({ message: 'anything', code: 1, errorLabels: ['RetryableWriteError'] }),
      Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' }),
      Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }),
      Object.assign(new Error('the network is down'), { code: 'ENETDOWN', syscall: 'write' }),
      Object.assign(new Error('Socket is closed'), { code: 'ERR_SOCKET_CLOSED' }),
      new MongoServerError({ message: 'no keys found for HMAC', code: 211 }),
      new MongoServerSelectionError('timed out', {} as never),
      // A member that is taken out of the set, and whatever else the driver says of its own accord.
      new MongoServerClosedError('Server is closed'),
      new MongoTopologyClosedError('Topology is closed'),
      new MongoRuntimeError('something unheard of'),
    ]
    for (const error of open) assert.equal(isOpen(error), true, error.message)
  })

  it('are what befell a write of many, not what it is wrapped in', () => {
    const wrapped = (error: Error) => new MongoBulkWriteError(error, {} as never)
    assert.equal(isOpen(wrapped(new MongoNetworkError('connection closed'))), true)
    assert.equal(isOpen(wrapped(new MongoServerError({ message: 'not primary', code: 10107 }))), true)
    assert.equal(isOpen(wrapped(new MongoServerError({ message: 'bad filter', code: 2 }))), false)
    assert.equal(isOpen(wrapped(new MongoInvalidArgumentError('bad option'))), false)
  })

  it('are told when the server refused, and a fault of ours is not hidden', () => {
    const refused = new MongoServerError({ message: 'bad filter', code: 2 })
    assert.equal(isOpen(refused), false)
    assert.equal((translate(refused) as { code?: string }).code, 'LF_LEDGER_REFUSED')
    const notSent = [
      new MongoInvalidArgumentError('bad option'),
      new MongoCompatibilityError('too old'),
      new BSON.BSONError('too deep'),
    ]
    for (const error of notSent) assert.equal(isOpen(error), false, error.name)
    const ours = new TypeError('undefined is not a function')
    assert.equal(isOpen(ours), false)
    assert.equal(translate(ours), ours)
  })

  it('say that a document is there already only when nothing else went wrong', () => {
    const duplicate = new MongoServerError({ message: 'E11000', code: 11_000 })
    assert.equal(isDuplicate(duplicate), true)
    const unconfirmed = { result: { getWriteConcernError: () => ({ code: 64 }) } }
    assert.equal(isDuplicate(Object.assign(new MongoServerError({ code: 11_000 }), unconfirmed)), false)
    assert.equal(isOpen(Object.assign(new MongoServerError({ code: 11_000 }), unconfirmed)), true)
    assert.equal(isDuplicate(Object.assign(duplicate, { writeErrors: [{ code: 11_000 }, { code: 2 }] })), false)
  })

  it('are shown without credentials', () => {
    assert.equal(
      messageOf(new Error('cannot parse mongodb://me:sesame@host/db.')),
      'cannot parse mongodb://***@host/db',
    )
  })
})
