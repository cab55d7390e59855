import assert from 'node:assert/strict'
import { join, resolve } from 'node:path'
import {
  defaultPeerName,
  describeLedger,
  mongoFolder,
  peerKeyFile,
  resolveHome,
  resolveLedger,
  sharedFolders,
  workflowFolders,
} from '../../src/node/settings.ts'

describe('settings', () => {
  describe('the home folder', () => {
    it('is the one of the flag, else of LF_HOME, else the one of the platform', () => {
      assert.equal(resolveHome('/flag', { LF_HOME: '/env' }), '/flag')
      assert.equal(resolveHome(undefined, { LF_HOME: '/env' }), '/env')
      const own = resolveHome(undefined, {})
      assert.match(own, /lightflow/)
      assert.equal(resolveHome(undefined, { LF_HOME: '' }), own)
    })

    it('is absolute', () => {
      assert.equal(resolveHome('data', {}), resolve('data'))
    })
  })

  describe('the ledger', () => {
    it('is the one of the flag, else of LF_LEDGER, else a file in the home folder', () => {
      const env = { LF_LEDGER: 'sqlite:/env.sqlite' }
      assert.deepEqual(resolveLedger('sqlite:/flag.sqlite', env, '/h'), { kind: 'sqlite', path: '/flag.sqlite' })
      assert.deepEqual(resolveLedger(undefined, env, '/h'), { kind: 'sqlite', path: '/env.sqlite' })
      assert.deepEqual(resolveLedger(undefined, {}, '/h'), { kind: 'sqlite', path: '/h/ledger.sqlite' })
      assert.deepEqual(resolveLedger(undefined, { LF_LEDGER: '' }, '/h'), { kind: 'sqlite', path: '/h/ledger.sqlite' })
    })

    it('may be a bare path, which becomes absolute', () => {
      assert.deepEqual(resolveLedger('data/l.sqlite', {}, '/h'), { kind: 'sqlite', path: resolve('data/l.sqlite') })
      assert.deepEqual(resolveLedger('sqlite:l.sqlite', {}, '/h'), { kind: 'sqlite', path: resolve('l.sqlite') })
    })

    for (const uri of ['mongodb://a,b/db?replicaSet=rs', 'mongodb+srv://site.example/db']) {
      it(`may be ${uri}`, () => {
        assert.deepEqual(resolveLedger(uri, {}, '/h'), { kind: 'mongodb', uri, home: '/h' })
      })
    }

    for (const text of ['redis://somewhere', 'sqlite:', 'postgres:x', 'http://somewhere/ledger.sqlite']) {
      it(`is not ${text}`, () => {
        assert.throws(() => resolveLedger(text, {}, '/h'), { code: 'LF_LEDGER_KIND', hint: /sqlite:PATH/ })
      })
    }

    it('is shown without user, password and options, also in errors', () => {
      const location = resolveLedger('mongodb://me:p@ss@host/db?tls=true', {}, '/h')
      assert.equal(describeLedger(location), 'mongodb://host/db')
      assert.throws(
        () => resolveLedger('redis://me:secret@host/0?key=secret', {}, '/h'),
        ({ message }: Error) => message.includes('host') && !message.includes('secret'),
      )
    })
  })

  describe('the folders of a ledger', () => {
    it('lie beside an SQLite file', () => {
      const folders = sharedFolders({ kind: 'sqlite', path: '/data/l.sqlite' })
      assert.equal(folders.payloads, '/data/l.sqlite.files/payloads')
      assert.equal(new Set(Object.values(folders)).size, Object.keys(folders).length)
    })

    it('lie in the home folder for MongoDB, the same for everybody who logs in, others for another database', () => {
      const folderOf = (uri: string) => mongoFolder({ kind: 'mongodb', uri, home: '/h' })
      assert.match(folderOf('mongodb://host/db'), /^\/h\/mongodb-[0-9a-f]{12}\.files$/)
      assert.equal(folderOf('mongodb://me:secret@host/db?tls=true'), folderOf('mongodb://host/db'))
      assert.notEqual(folderOf('mongodb://host/db'), folderOf('mongodb://host/other'))
    })
  })

  it("keeps a peer's key under its name, whatever the name", () => {
    assert.equal(peerKeyFile('/h', 'mx1'), join('/h', 'peers', 'mx1', 'key'))
    assert.equal(peerKeyFile('/h', '../x'), join('/h', 'peers', '..%2Fx', 'key'))
  })

  it("names a peer after its host's first name", () => {
    assert.equal(defaultPeerName('mx1.example.org'), 'mx1')
    assert.equal(defaultPeerName(''), 'peer')
  })

  it('looks for workflows where the flag says, else LF_WORKFLOWS, else here', () => {
    const env = { LF_WORKFLOWS: '/one::/two' }
    assert.deepEqual(workflowFolders(['/flag'], env), ['/flag'])
    assert.deepEqual(workflowFolders([], env), ['/one', '/two'])
    assert.deepEqual(workflowFolders(undefined, { LF_WORKFLOWS: '' }), [resolve('workflows'), resolve('examples')])
  })
})
