/**
 * From a file to a profile. The ending of the name chooses the reader; the readers see only text and never touch a disk.
 */
import { readFile, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { PhasidError } from '../phasid-error.ts'
import { toProfile, type Profile, type ProfileOptions, type RawProfile } from '../profile.ts'
import { readCansasXml } from './cansas-xml.ts'
import { readCsv } from './csv.ts'
import { readDat } from './dat.ts'
import { readPdh } from './pdh.ts'

/** A text profile of `maxRows` rows stays well below this; larger files are images or archives with a wrong name. */
export const maxFileBytes = 16 * 1024 * 1024

const readers: Readonly<Record<string, (text: string) => RawProfile>> = {
  '.dat': readDat,
  '.csv': readCsv,
  '.pdh': readPdh,
  '.xml': readCansasXml,
}

/** Whether the ending of a name is one the example reads. */
export function isProfileName(name: string): boolean {
  return Object.hasOwn(readers, extname(name).toLowerCase())
}

/** Reads a profile of any of the four formats. Throws nothing but `PhasidError`. */
export async function readProfile(path: string, options: ProfileOptions = {}): Promise<Profile> {
  return parseProfile(path, await readText(path), options)
}

/** The same from text already read; `name` is only looked at for its ending. */
export function parseProfile(name: string, text: string, options: ProfileOptions = {}): Profile {
  const ending = extname(name).toLowerCase()
  const reader = Object.hasOwn(readers, ending) ? readers[ending] : undefined
  if (reader === undefined) {
    throw new PhasidError(
      'PHASID_NOT_A_PROFILE',
      `Files ending in "${ending}" are not profiles this example reads.`,
      `Export the profile as one of ${Object.keys(readers).join(', ')}.`,
    )
  }
  return toProfile(reader(text.replace(/^\uFEFF/, '')), options)
}

async function readText(path: string): Promise<string> {
  const { size } = await orUnreadable(() => regularFile(path))
  if (size > maxFileBytes) {
    throw new PhasidError(
      'PHASID_TOO_LARGE',
      `The file is larger than ${maxFileBytes / 1024 / 1024} MiB.`,
      'Profiles are small text files; check that this is one.',
    )
  }
  return orUnreadable(() => readFile(path, 'utf8'))
}

/** A pipe or device would keep the task waiting for ever. */
async function regularFile(path: string): Promise<{ size: number }> {
  const info = await stat(path)
  if (!info.isFile()) throw new Error('it is no regular file')
  return info
}

async function orUnreadable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new PhasidError(
      'PHASID_UNREADABLE',
      `The file could not be read: ${(cause as Error).message}.`,
      'Check that the path exists on every node and that the account running the node may read it.',
      { cause },
    )
  }
}
