/** Loads what a peer is made of: the bundle of it, or the sources where none can be made. */
import { pathToFileURL } from 'node:url'
import { type Log, silentLog } from '../core/log.ts'
import type * as peer from './start-peer.ts'
import { ownBundleParts, peerBundle } from './peer-bundle.ts'

export async function loadPeer(log: Log = silentLog, parts = ownBundleParts()): Promise<typeof peer> {
  // For those who debug a peer in its sources.
  if (parts === undefined || process.env['LF_BUNDLE'] === '0') return import('./start-peer.ts')
  try {
    const bundled = (await import(pathToFileURL(await peerBundle(parts)).href)) as typeof peer
    if (typeof bundled.startPeer !== 'function') throw new Error('the bundle has no peer in it')
    return bundled
  } catch (error) {
    log.debug('A peer runs from its sources, which takes more memory: the bundle of them could not be made.', { error })
    return import('./start-peer.ts')
  }
}
