/** The version of this installation, from its package.json (one folder further up when compiled). */
import { readFileSync } from 'node:fs'

export const version: string = readVersion()

function readVersion(): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const found = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as {
        name?: string
        version?: string
      }
      if (found.name === 'lightflow' && found.version !== undefined) return found.version
    } catch {
      // Not there: the next place.
    }
  }
  return '0.0.0'
}
