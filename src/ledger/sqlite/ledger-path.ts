/** Whether a path can hold a ledger, found out before anything is written there. */
import { access, constants, mkdir, stat, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { LightflowError } from '../../core/errors.ts'
import { badPath } from './sqlite-errors.ts'

/** File systems on which several machines see the same file, but SQLite's shared memory does not work: data would be damaged. */
const NETWORK_FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0xfe534d42: 'SMB',
  0xff534d42: 'CIFS',
  0x517b: 'SMB',
  0x47504653: 'GPFS',
  0x0bd00bd0: 'Lustre',
  0x65735546: 'FUSE',
  0x19830326: 'BeeGFS',
  0x00c36400: 'CephFS',
  0x5346414f: 'AFS',
}

/**
 * Returns the absolute path. With `create` the folder is made when it is missing. `LF_LEDGER_PATH`, `LF_LEDGER_NETWORK_FS`, and
 * without `create` also `LF_NO_LEDGER`.
 */
export async function checkLedgerPath(
  path: string,
  { create, typeOf = fileSystemType }: { create: boolean; typeOf?: (folder: string) => Promise<number> },
): Promise<string> {
  const file = resolve(path)
  const folder = dirname(file)
  const kind = await kindOf(file)
  if (kind === 'missing' && !create) throw noLedger(file)
  if (kind === 'other') throw badPath(file, 'is not a file')
  if (create) await checkFolder(folder, file)
  const type = networkFileSystemName(await typeOf(folder))
  if (type !== undefined) throw networkFileSystem(file, type)
  await checkWritable(folder, file)
  if (kind === 'file') await checkWritable(file, file)
  return file
}

/** `type` as `statfs` gives it; undefined for a local file system. */
export function networkFileSystemName(type: number): string | undefined {
  return NETWORK_FILE_SYSTEMS[type >>> 0]
}

async function kindOf(file: string): Promise<'file' | 'missing' | 'other'> {
  try {
    return (await stat(file)).isFile() ? 'file' : 'other'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return 'missing'
    throw badPath(file, 'cannot be reached', error)
  }
}

async function checkFolder(folder: string, file: string): Promise<void> {
  try {
    await makeFolders(folder)
  } catch (error) {
    throw badPath(file, 'needs a folder that cannot be made', error)
  }
}

/** One by one: mkdir's own `recursive` never comes back on some file systems (/proc). */
async function makeFolders(folder: string): Promise<void> {
  if (await makeOne(folder)) return
  if (dirname(folder) === folder) throw new Error(`${folder} does not exist`)
  await makeFolders(dirname(folder))
  if (!(await makeOne(folder))) throw new Error(`${folder} cannot be made`)
}

/** False when the folder above is missing. */
async function makeOne(folder: string): Promise<boolean> {
  try {
    await mkdir(folder)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return false
    if (code === 'EEXIST') return true
    throw error
  }
}

async function checkWritable(path: string, file: string): Promise<void> {
  try {
    await access(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    throw badPath(file, 'cannot be written by you', error)
  }
}

async function fileSystemType(folder: string): Promise<number> {
  return (await statfs(folder)).type
}

function networkFileSystem(path: string, type: string): LightflowError {
  const message = `The ledger ${path} would be on a network file system (${type}), where an SQLite file gets damaged.`
  return new LightflowError('LF_LEDGER_NETWORK_FS', message, {
    hint: 'Choose a folder on a local disk with `--ledger sqlite:PATH` or LF_LEDGER; for several machines use a MongoDB ledger.',
    facts: { path, type },
  })
}

function noLedger(path: string): LightflowError {
  return new LightflowError('LF_NO_LEDGER', `There is no ledger at ${path} yet.`, {
    hint: 'Start a peer with `lf node` or submit a workflow with `lf workflow start`; either makes it. Or name another one with `--ledger`.',
    facts: { path },
  })
}
