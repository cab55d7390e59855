/** The collections of a ledger and their indexes, made at first use. */
import { GridFSBucket, type Collection, type Db, type IndexDescription } from 'mongodb'
import type {
  BlueprintDoc,
  ChunkDoc,
  DagDoc,
  DoneDoc,
  EdgeDoc,
  FileDoc,
  LeafDoc,
  LedgerDoc,
  RunDoc,
  SessionDoc,
  StoreHeadDoc,
  TaskDoc,
} from './documents.ts'

export interface Collections {
  ledger: Collection<LedgerDoc>
  sessions: Collection<SessionDoc>
  runs: Collection<RunDoc>
  blueprints: Collection<BlueprintDoc>
  dags: Collection<DagDoc>
  tasks: Collection<TaskDoc>
  edges: Collection<EdgeDoc>
  leaves: Collection<LeafDoc>
  heads: Collection<StoreHeadDoc>
  /** Operations on the store that must not be done twice. */
  done: Collection<DoneDoc>
  files: Collection<FileDoc>
  chunks: Collection<ChunkDoc>
}

export function collectionsOf(db: Db): Collections {
  return {
    ledger: db.collection('ledger'),
    sessions: db.collection('sessions'),
    runs: db.collection('runs'),
    blueprints: db.collection('blueprints'),
    dags: db.collection('dags'),
    tasks: db.collection('tasks'),
    edges: db.collection('edges'),
    leaves: db.collection('store'),
    heads: db.collection('storeHeads'),
    done: db.collection('storeDone'),
    files: db.collection(`${BLOBS}.files`),
    chunks: db.collection(`${BLOBS}.chunks`),
  }
}

/** Reads what is in `files` and `chunks`. */
export function bucketOf(db: Db): GridFSBucket {
  return new GridFSBucket(db, { bucketName: BLOBS })
}

const BLOBS = 'blobs'

const INDEXES: Partial<Record<keyof Collections, IndexDescription[]>> = {
  sessions: [{ key: { place: 1 }, unique: true }, { key: { state: 1, deadAt: 1 } }],
  runs: [{ key: { state: 1, createdAt: -1 } }, { key: { createdAt: -1 } }, { key: { todo: 1 }, sparse: true }],
  blueprints: [{ key: { run: 1, order: 1 } }],
  dags: [
    { key: { origin: 1 }, unique: true },
    { key: { run: 1, seq: 1 } },
    { key: { run: 1, state: 1 } },
    { key: { run: 1, blueprint: 1, copy: -1 } },
    { key: { starter: 1, seq: 1 } },
    { key: { todo: 1 }, sparse: true },
  ],
  tasks: [
    { key: { state: 1, queue: 1, priority: -1, readyAt: 1, index: 1 } },
    { key: { state: 1, owner: 1 } },
    { key: { run: 1, dag: 1, holds: 1 } },
    { key: { run: 1, dagSeq: 1, index: 1 } },
    { key: { todo: 1 }, sparse: true },
  ],
  edges: [{ key: { from: 1 } }, { key: { to: 1, vote: 1 } }, { key: { run: 1, dag: 1 } }],
  leaves: [{ key: { run: 1, section: 1, path: 1 } }],
  heads: [{ key: { run: 1, section: 1 } }],
  done: [{ key: { run: 1 } }],
  // Those of GridFS.
  files: [{ key: { filename: 1, uploadDate: 1 } }],
  chunks: [{ key: { files_id: 1, n: 1 }, unique: true }],
}

/** Making an index that is there changes nothing, so that peers may start together. */
export async function makeIndexes(collections: Collections): Promise<void> {
  await Promise.all(
    Object.entries(INDEXES).map(([name, indexes]) => collections[name as keyof Collections].createIndexes(indexes)),
  )
}
