/** A ledger file as version 1 of the tables had it, with a run in the middle of its work. */
import { DatabaseSync } from 'node:sqlite'
import { startDag } from '../../../src/lease/start-dag.ts'
import { encodeRow } from '../../../src/ledger/row-codec.ts'
import { APPLICATION_ID } from '../../../src/ledger/sqlite/schema.ts'
import { encodeRest } from '../../../src/ledger/sqlite/task-row.ts'
import type { DagPlan } from '../../../src/workflow/plan.ts'
import { newRun } from '../contract/bench.ts'

const SCHEMA_1 = `
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

  CREATE TABLE dags (
    seq INTEGER PRIMARY KEY, run TEXT NOT NULL, name TEXT NOT NULL, blueprint TEXT NOT NULL, copy INTEGER NOT NULL,
    state TEXT NOT NULL, starter TEXT, starter_key TEXT, doc BLOB NOT NULL, UNIQUE (run, name), UNIQUE (run, blueprint, copy)
  );
  CREATE INDEX dags_by_state ON dags (run, state);
  CREATE UNIQUE INDEX dags_by_starter ON dags (starter, starter_key) WHERE starter IS NOT NULL;

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

/** The run `r`, whose first DAG has started; none of its tasks has. */
export function makeVersion1(path: string, dags: DagPlan[]): void {
  const db = new DatabaseSync(path)
  db.exec(`PRAGMA journal_mode = WAL; ${SCHEMA_1} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1`)
  db.prepare(`INSERT INTO meta (key, value) VALUES ('incarnation', 'first')`).run()
  const { plan, queue: _, ...given } = newRun('r', dags)
  const { dags: __, ...head } = plan
  const ends = { createdAt: 1, startedAt: null, endedAt: null, stop: null }
  const run = { ...given, workflow: plan.name, plan: head, state: 'running', ...ends }
  db.prepare('INSERT INTO runs (id, state, doc) VALUES (?, ?, ?)').run('r', 'running', encodeRow(run))
  const blueprint = db.prepare('INSERT INTO blueprints (run, ord, name, doc) VALUES (?, ?, ?, ?)')
  for (const [order, dag] of dags.entries()) blueprint.run('r', order, dag.name, encodeRow(dag))
  const [first] = dags
  if (first !== undefined) startFirst(db, first)
  db.close()
}

function startFirst(db: DatabaseSync, plan: DagPlan): void {
  const place = { run: 'r', name: `${plan.name}:1`, blueprint: plan.name, starter: null, starterKey: null }
  const dag = { ...place, state: 'running', data: null, createdAt: 1, endedAt: null, stop: null }
  db.prepare('INSERT INTO dags (run, name, blueprint, copy, state, doc) VALUES (?, ?, ?, 1, ?, ?)').run(
    'r',
    dag.name,
    plan.name,
    'running',
    encodeRow(dag),
  )
  const { tasks, edges } = startDag(plan, { run: 'r', dag: dag.name, priority: 0, now: 1 })
  const task = db.prepare(`
    INSERT INTO tasks (seq, id, run, dag, name, state, queue, priority, epoch, ready_at, doc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  `)
  for (const [index, each] of tasks.entries()) {
    const { id, run, dag, name, state, queue, priority, epoch, readyAt } = each
    task.run(index + 1, id, run, dag, name, state, queue, priority, epoch, readyAt, encodeRest(each))
  }
  const edge = db.prepare('INSERT INTO edges (from_task, to_task, ord) VALUES (?, ?, ?)')
  const number = (name: string) => tasks.findIndex(each => each.name === name) + 1
  for (const { from, to, order } of edges) edge.run(number(from), number(to), order)
}
