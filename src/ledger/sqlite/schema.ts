/**
 * The tables of a ledger file. Columns are what is looked up or changed in bulk, `doc` is the rest of the record. A change of anything here
 * needs a new version: a peer refuses a file that is newer than itself.
 */
export const SCHEMA_VERSION = 2

/** "LFLG": marks the file as a ledger among all SQLite files. */
export const APPLICATION_ID = 0x4c464c47

/** Parts of blueprints after the first, each encoded. */
export const BLUEPRINT_PARTS = `CREATE TABLE blueprint_parts (
    run TEXT NOT NULL, ord INTEGER NOT NULL, part INTEGER NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (run, ord, part)
  );`

/** Few DAGs are in these: those of which tasks are still to be written. Each yields the order in which that is done. */
export const DAGS_UNWRITTEN = `CREATE INDEX dags_unwritten ON dag_copies (unwritten) WHERE unwritten IS NOT NULL;
  CREATE INDEX dags_unwritten_of ON dag_copies (run, unwritten) WHERE unwritten IS NOT NULL;`

const NEWER = 'a newer Lightflow has brought this ledger up to date: start this program again with the newer one'

/**
 * A process of version 1 that has no session and opened the file before it was brought up to date knows nothing of it: its tasks would get
 * numbers that are reserved for others. What it knows as its table of DAGs can be read only, so that all that it submits or stops is undone.
 * A trigger on the table itself would do, and make each start of a DAG take twice as long.
 */
export const REFUSE_VERSION_1 = `CREATE VIEW dags AS SELECT * FROM dag_copies;
  CREATE TRIGGER dags_insert INSTEAD OF INSERT ON dags BEGIN SELECT RAISE(ABORT, '${NEWER}'); END;
  CREATE TRIGGER dags_update INSTEAD OF UPDATE ON dags BEGIN SELECT RAISE(ABORT, '${NEWER}'); END;`

export const SCHEMA = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE sessions (
    id TEXT PRIMARY KEY, peer TEXT NOT NULL, state TEXT NOT NULL, dead_at INTEGER, doc BLOB NOT NULL
  );
  CREATE INDEX sessions_open ON sessions (peer) WHERE state <> 'dead';
  CREATE INDEX sessions_dead ON sessions (dead_at) WHERE dead_at IS NOT NULL;

  CREATE TABLE runs (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, doc BLOB NOT NULL);
  CREATE INDEX runs_by_state ON runs (state);

  CREATE TABLE blueprints (
    run TEXT NOT NULL, ord INTEGER NOT NULL, name TEXT NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (run, ord), UNIQUE (run, name)
  );
  ${BLUEPRINT_PARTS}

  CREATE TABLE dag_copies (
    seq INTEGER PRIMARY KEY, run TEXT NOT NULL, name TEXT NOT NULL, blueprint TEXT NOT NULL, copy INTEGER NOT NULL,
    state TEXT NOT NULL, starter TEXT, starter_key TEXT, doc BLOB NOT NULL, base INTEGER, size INTEGER, unwritten INTEGER,
    UNIQUE (run, name), UNIQUE (run, blueprint, copy)
  );
  ${DAGS_UNWRITTEN}
  ${REFUSE_VERSION_1}
  CREATE INDEX dags_by_state ON dag_copies (run, state);
  CREATE UNIQUE INDEX dags_by_starter ON dag_copies (starter, starter_key) WHERE starter IS NOT NULL;

  CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, run TEXT NOT NULL, dag TEXT NOT NULL, name TEXT NOT NULL,
    state TEXT NOT NULL, queue TEXT NOT NULL, priority INTEGER NOT NULL, epoch INTEGER NOT NULL, claim_id TEXT, owner TEXT,
    not_before INTEGER, ready_at INTEGER, ended_at INTEGER, out BLOB, doc BLOB NOT NULL
  );
  CREATE INDEX tasks_by_state ON tasks (run, dag, state);
  CREATE INDEX tasks_ready ON tasks (queue, priority DESC, ready_at) WHERE state = 'ready';
  CREATE INDEX tasks_due ON tasks (queue, not_before) WHERE state = 'ready' AND not_before IS NOT NULL;
  CREATE INDEX tasks_claimed ON tasks (owner) WHERE state = 'claimed';

  CREATE TABLE edges (
    from_task INTEGER NOT NULL, to_task INTEGER NOT NULL, ord INTEGER NOT NULL, slot TEXT, vote TEXT, PRIMARY KEY (from_task, to_task)
  ) WITHOUT ROWID;
  CREATE INDEX edges_into ON edges (to_task, vote);

  CREATE TABLE leaves (
    run TEXT NOT NULL, section TEXT NOT NULL, path TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (run, section, path)
  );

  CREATE TABLE bundles (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL);
`
