import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PhasidError } from './phasid-error.ts'
import { isProfileName } from './readers/read-profile.ts'
import { sampleTableName } from './sample-table.ts'

/** One run starts a DAG per profile and keeps a few kB per profile in its store; a larger series is better split by folder. */
export const maxProfiles = 2000

/**
 * The paths of all profiles directly inside a folder, in the order of their names.
 * Throws PHASID_NO_PROFILES when the folder is missing or holds none, PHASID_TOO_LARGE when it holds too many.
 */
export async function findProfiles(folder: string): Promise<string[]> {
  const names = (await readFolder(folder)).filter(name => isProfileName(name) && name !== sampleTableName)
  if (names.length === 0) {
    throw new PhasidError(
      'PHASID_NO_PROFILES',
      `The folder ${folder} holds no profiles.`,
      'Profiles end in .dat, .csv, .pdh or .xml and lie directly in the folder.',
    )
  }
  if (names.length > maxProfiles) {
    throw new PhasidError(
      'PHASID_TOO_LARGE',
      `The folder ${folder} holds ${names.length} profiles, more than ${maxProfiles}.`,
      'Split the series into several folders and start one run for each.',
    )
  }
  return names.sort().map(name => join(folder, name))
}

async function readFolder(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries
      .filter(entry => !entry.name.startsWith('.') && (entry.isFile() || entry.isSymbolicLink()))
      .map(entry => entry.name)
  } catch (cause) {
    throw new PhasidError(
      'PHASID_NO_PROFILES',
      `The folder "${folder}" cannot be read: ${(cause as Error).message}.`,
      'Pass folder=<path of the profiles>; every node that may run the tasks must see it under this path.',
      { cause },
    )
  }
}
