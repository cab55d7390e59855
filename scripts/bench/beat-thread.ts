/** Beats for a peer of its own that does nothing else; asked, it says how late the latest of its beats was since it was asked before. */
import { parentPort, workerData } from 'node:worker_threads'
import { BeatDelays } from './beat-delays.ts'

const { ledger } = workerData as { ledger: string }
const beats = await BeatDelays.start(ledger, 'beater')
parentPort?.on('message', () => parentPort?.postMessage(Math.max(0, ...beats.take()), []))
parentPort?.postMessage('ready', [])
