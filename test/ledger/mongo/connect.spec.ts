import assert from 'node:assert/strict'
import type { LightflowError } from '../../../src/core/errors.ts'
import { silentLog, type Log } from '../../../src/core/log.ts'
import { connect } from '../../../src/ledger/mongo/connect.ts'
import { pretendServer } from './pretend-server.ts'

describe('connecting to MongoDB', function () {
  this.timeout(30_000)

  it('refuses a server that is no member of a replica set, and says what to do', async () => {
    const server = await pretendServer({})
    try {
      await assert.rejects(connect(`mongodb://127.0.0.1:${server.port}/`, silentLog), (error: LightflowError) => {
        assert.equal(error.code, 'LF_LEDGER_STANDALONE')
        assert.match(error.hint, /--replSet/)
        return true
      })
    } finally {
      await server.close()
    }
  })

  it('refuses a sharded cluster', async () => {
    const server = await pretendServer({ msg: 'isdbgrid' })
    try {
      await assert.rejects(connect(`mongodb://127.0.0.1:${server.port}/`, silentLog), { code: 'LF_LEDGER_UNSUITABLE' })
    } finally {
      await server.close()
    }
  })

  it('lets no connection string make writes less durable or reads older', async () => {
    const weak = 'w=1&journal=false&wtimeoutMS=5&readConcernLevel=majority&readPreference=secondary&retryWrites=false'
    const server = await pretendServer({ setName: 'lf', hosts: ['a:1'] })
    try {
      const uri = `mongodb://127.0.0.1:${server.port}/?directConnection=true&${weak}`
      const connection = await connect(uri, silentLog)
      const { db, beats } = connection
      for (const { writeConcern, readConcern, readPreference, client } of [db, beats]) {
        assert.deepEqual([writeConcern?.w, writeConcern?.journal], ['majority', true])
        assert.equal(writeConcern?.wtimeoutMS, undefined)
        assert.equal(readConcern?.level, 'local')
        assert.equal(readPreference?.mode, 'primary')
        assert.equal(client.options.retryWrites, true)
      }
      assert.notEqual(db.client, beats.client)
      await connection.close()
    } finally {
      await server.close()
    }
  })

  it('takes the database that is named, also "test", and "lightflow" when none is', async () => {
    const server = await pretendServer({ setName: 'lf', hosts: ['a:1'] })
    try {
      for (const [path, database] of [
        ['', 'lightflow'],
        ['saxs', 'saxs'],
        ['test', 'test'],
      ]) {
        const connection = await connect(`mongodb://127.0.0.1:${server.port}/${path}?directConnection=true`, silentLog)
        assert.deepEqual([connection.db.databaseName, connection.beats.databaseName], [database, database])
        await connection.close()
      }
    } finally {
      await server.close()
    }
  })

  it('refuses to be tied to one of several members', async () => {
    const server = await pretendServer({ setName: 'lf', hosts: ['a:1', 'b:1', 'c:1'] })
    try {
      const uri = `mongodb://me:sesame@127.0.0.1:${server.port}/?directConnection=true`
      await assert.rejects(connect(uri.replace('me:sesame@', ''), silentLog), (error: LightflowError) => {
        assert.equal(error.code, 'LF_LEDGER_URL')
        assert.match(error.hint, /directConnection/)
        return true
      })
    } finally {
      await server.close()
    }
  })

  it('says so when the servers belong to another replica set, or to none', async () => {
    for (const hello of [{}, { setName: 'other', hosts: ['a:1'] }]) {
      const server = await pretendServer(hello)
      try {
        const uri = `mongodb://127.0.0.1:${server.port}/?replicaSet=lf&serverSelectionTimeoutMS=300`
        await assert.rejects(connect(uri, silentLog), (error: LightflowError) => {
          assert.equal(error.code, 'LF_LEDGER_UNREACHABLE')
          assert.match(`${error.message} ${error.hint}`, /none of them is a member.*setName.*--replSet/)
          return true
        })
      } finally {
        await server.close()
      }
    }
  })

  it('warns of arbiters and of too few members', async () => {
    const warnings: string[] = []
    const log: Log = { ...silentLog, warn: message => warnings.push(message) }
    const server = await pretendServer({ setName: 'lf', hosts: ['a:1'], arbiters: ['c:1'] })
    try {
      const connection = await connect(`mongodb://127.0.0.1:${server.port}/?directConnection=true`, log)
      await connection.close()
    } finally {
      await server.close()
    }
    assert.equal(warnings.length, 2)
    assert.match(warnings.join(), /arbiters/)
  })

  it('refuses a set whose writes are confirmed before they are durable', async () => {
    const members = { setName: 'lf', hosts: ['a:1'], passives: ['b:1', 'c:1'] }
    const server = await pretendServer({ ...members, config: { writeConcernMajorityJournalDefault: false } })
    try {
      const uri = `mongodb://127.0.0.1:${server.port}/?directConnection=true`
      await assert.rejects(connect(uri, silentLog), { code: 'LF_LEDGER_UNSUITABLE' })
    } finally {
      await server.close()
    }
  })

  it('says that a server does not let it in', async () => {
    const refusal = { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: 'Authentication failed.' }
    const strict = await pretendServer(refusal)
    try {
      const uri = `mongodb://me:sesame@127.0.0.1:${strict.port}/?directConnection=true&serverSelectionTimeoutMS=300`
      await assert.rejects(connect(uri, silentLog), (error: LightflowError) => {
        assert.equal(error.code, 'LF_LEDGER_AUTH')
        assert.doesNotMatch(`${error.message} ${error.hint} ${String(error.cause)}`, /sesame/)
        return true
      })
    } finally {
      await strict.close()
    }
  })

  it('tells a wrong address from a wrong connection string, and shows no password', async () => {
    const cases = [
      ['mongodb://me:sesame@127.0.0.1:1/db?serverSelectionTimeoutMS=300', 'LF_LEDGER_UNREACHABLE'],
      ['mongodb://me:sesame@/db', 'LF_LEDGER_URL'],
      ['mongodb://me:sesame@host:1:2/db', 'LF_LEDGER_URL'],
      ['mongodb://me:ses/ame@host/db', 'LF_LEDGER_URL'],
      ['mongodb://me:sesame@host/db?w=many&unheard=of', 'LF_LEDGER_URL'],
      ['mongodb://me:sesame@127.0.0.1:1/db?tls=true&tlsCAFile=/nowhere.pem', 'LF_LEDGER_URL'],
    ] as const
    for (const [uri, code] of cases) {
      await assert.rejects(connect(uri, silentLog), (error: LightflowError) => {
        assert.equal(error.code, code, `${uri}: ${error.message}`)
        assert.doesNotMatch(`${error.message} ${error.hint} ${String(error.cause)}`, /sesame|ses\/ame/)
        return true
      })
    }
  })
})
