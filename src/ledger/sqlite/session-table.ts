import type { SessionRecord } from '../../lease/records.ts'
import type { Tables } from '../tables.ts'
import { decodeRow, encodeRow } from '../row-codec.ts'
import type { Prepare, Row } from './statements.ts'

type SessionTable = Pick<
  Tables,
  'session' | 'putSession' | 'openSessions' | 'openSessionsOfPeer' | 'sessionsDeadAfter' | 'deleteSessionsDeadBefore'
>

export function sessionTable(prepare: Prepare): SessionTable {
  const byId = prepare('SELECT doc FROM sessions WHERE id = ?')
  const put = prepare(`
    INSERT INTO sessions (id, peer, state, dead_at, doc) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, dead_at = excluded.dead_at, doc = excluded.doc
  `)
  const open = prepare(`SELECT doc FROM sessions WHERE state <> 'dead' ORDER BY rowid`)
  const ofPeer = prepare(`SELECT doc FROM sessions WHERE peer = ? AND state <> 'dead' ORDER BY rowid`)
  const deadAfter = prepare('SELECT doc FROM sessions WHERE dead_at > ? ORDER BY rowid')
  const deleteDead = prepare('DELETE FROM sessions WHERE dead_at < ?')

  return {
    session(id) {
      const row = byId.get(id)
      return row && toSession(row)
    },
    putSession(session) {
      put.run(session.id, session.peer, session.state, session.deadAt, encodeRow(session))
    },
    openSessions: () => open.all().map(toSession),
    openSessionsOfPeer: peer => ofPeer.all(peer).map(toSession),
    sessionsDeadAfter: wallMs => deadAfter.all(wallMs).map(toSession),
    deleteSessionsDeadBefore: wallMs => deleteDead.run(wallMs),
  }
}

function toSession({ doc }: Row): SessionRecord {
  return decodeRow(doc) as SessionRecord
}
