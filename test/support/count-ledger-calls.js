/**
 * Loaded into a peer by `--import`: counts what the peer asks its ledger's thread, by kind, and writes the counts into the file
 * `$LF_COUNT_FOLDER/<pid>.json` at SIGUSR2. For measurements only. Plain JavaScript: what strips types would stay in the memory that is
 * measured, 15 MB of each peer.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, Worker } from 'node:worker_threads'

const folder = process.env['LF_COUNT_FOLDER']
const counts = {}

if (isMainThread && folder !== undefined) {
  const post = Reflect.get(Worker.prototype, 'postMessage')
  Worker.prototype.postMessage = function counted(...args) {
    const message = args[0] ?? {}
    // What travels together.
    for (const { kind, call } of message.requests ?? [message]) {
      const name = kind === 'operation' ? call?.name : kind
      if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1
    }
    post.apply(this, args)
  }
  const file = join(folder, `${process.pid}.json`)
  process.on('SIGUSR2', () => {
    writeFileSync(`${file}.new`, JSON.stringify(counts))
    renameSync(`${file}.new`, file)
  })
}
