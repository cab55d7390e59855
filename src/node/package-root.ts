import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface OwnPackage {
  /** Absolute. */
  folder: string
  version: string
}

/** Where this installation is: one folder further up when it is compiled. Undefined when it was taken out of its package. */
export function ownPackage(): OwnPackage | undefined {
  for (const place of ['../../', '../../../']) {
    const file = new URL(`${place}package.json`, import.meta.url)
    if (!existsSync(file)) continue
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string }
    if (name === 'lightflow' && version !== undefined)
      return { folder: fileURLToPath(new URL(place, import.meta.url)), version }
  }
  return undefined
}
