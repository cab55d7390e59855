/** Who this peer is: an Ed25519 key in a file that only its owner may read. The peer id is made from it. */
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { hasCode, LightflowError } from '../../core/errors.ts'

export interface Identity {
  /** Peer id. */
  peer: string
  privateKey: Ed25519PrivateKey
}

/**
 * The identity kept in `file`, made anew when there is no such file. Throws `LF_PEER_KEY` when the file cannot be read or written, or
 * is no key: a peer never goes on under another name because its key was damaged.
 */
export async function loadIdentity(file: string): Promise<Identity> {
  return (await readIdentity(file)) ?? (await createIdentity(file))
}

async function readIdentity(file: string): Promise<Identity | undefined> {
  let text: string
  try {
    await keepPrivate(file)
    text = await readFile(file, 'utf8')
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined
    throw peerKeyError(
      `The peer's key ${file} cannot be read.`,
      'Check who owns it: it must be readable by you.',
      cause,
    )
  }
  return toIdentity(parseKey(text, file))
}

async function createIdentity(file: string): Promise<Identity> {
  const privateKey = await generateKeyPair('Ed25519')
  const text = `${Buffer.from(privateKeyToProtobuf(privateKey)).toString('base64')}\n`
  const temporary = `${file}.${process.pid}.tmp`
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(temporary, text, { mode: 0o600 })
    // Linking fails when the file appeared meanwhile: of two processes that start at once, one makes the key and both use it.
    await link(temporary, file).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error
    })
  } catch (cause) {
    throw peerKeyError(`The peer's key ${file} cannot be written.`, 'Check the folder and its free space.', cause)
  } finally {
    await rm(temporary, { force: true })
  }
  const kept = await readIdentity(file)
  if (kept === undefined) throw peerKeyError(`The peer's key ${file} vanished.`, 'Start again.')
  return kept
}

function parseKey(text: string, file: string): Ed25519PrivateKey {
  try {
    const key = privateKeyFromProtobuf(Buffer.from(text.trim(), 'base64'))
    if (key.type === 'Ed25519') return key
  } catch (cause) {
    throw notAKey(file, cause)
  }
  throw notAKey(file)
}

function toIdentity(privateKey: Ed25519PrivateKey): Identity {
  return { peer: peerIdFromPrivateKey(privateKey).toString(), privateKey }
}

/** A key that others could read is made private again; it may have come from a copy with loose permissions. */
async function keepPrivate(file: string): Promise<void> {
  const { mode } = await stat(file)
  if ((mode & 0o077) !== 0) await chmod(file, 0o600)
}

function notAKey(file: string, cause?: unknown): LightflowError {
  const hint = 'Restore it from a copy, or remove it: the peer then gets a new identity.'
  return peerKeyError(`The file ${file} is not a peer's key.`, hint, cause)
}

function peerKeyError(message: string, hint: string, cause?: unknown): LightflowError {
  return new LightflowError('LF_PEER_KEY', message, { hint, cause })
}
