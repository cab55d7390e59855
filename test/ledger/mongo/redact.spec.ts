import assert from 'node:assert/strict'
import { redact } from '../../../src/ledger/mongo/redact.ts'

describe('redacting connection strings', () => {
  const cases: [string, string][] = [
    ['mongodb://host/db', 'mongodb://host/db'],
    ['mongodb://me:secret@host:1,other:2/db?replicaSet=lf', 'mongodb://***@host:1,other:2/db?replicaSet=lf'],
    ['mongodb+srv://me:secret@host/db', 'mongodb+srv://***@host/db'],
    ['cannot reach "mongodb://me:secret@host/db" now', 'cannot reach "mongodb://***@host/db" now'],
    ['mongodb://me:sec@ret@host/db', 'mongodb://***@host/db'],
    ['mongodb://me:sec/ret@host/db', 'mongodb://***@host/db'],
    [
      'mongodb://h/db?tlsCertificateKeyFilePassword=secret&tls=true',
      'mongodb://h/db?tlsCertificateKeyFilePassword=***&tls=true',
    ],
    ['mongodb://h/db?proxyPassword=secret', 'mongodb://h/db?proxyPassword=***'],
  ]
  for (const [given, shown] of cases) {
    it(`shows ${shown}`, () => {
      assert.equal(redact(given), shown)
      assert.doesNotMatch(redact(given), /secret/)
    })
  }
})
