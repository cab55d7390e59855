/**
 * Temporary folders that say in their names whose they are, so that what a killed process left is removed by the next one of its kind. Linux;
 * elsewhere it is not known who has died, and everything stays.
 */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Owner {
  pid: number
  /** In ticks since the machine was started: a number of a process may be another's by now. */
  started: string
  /** In which numbers mean the same processes: others may share the folder from a container. */
  space: string
}

/** One of this process: `kind-PID-STARTED-SPACE-RANDOM`. Removes those of the kind whose processes are gone. */
export function makeOwnedFolder(kind: string, parent = tmpdir()): string {
  removeAbandoned(kind, parent)
  const { pid, started, space } = ownerOf(process.pid) ?? { pid: process.pid, started: '', space: '' }
  return mkdtempSync(join(parent, `${kind}-${pid}-${started}-${space}-`))
}

function removeAbandoned(kind: string, parent: string): void {
  const own = ownerOf(process.pid)
  if (own === undefined) return
  const abandoned = readdirSync(parent).filter(name => {
    const owner = readName(name, kind)
    return owner !== undefined && owner.space === own.space && ownerOf(owner.pid)?.started !== owner.started
  })
  if (abandoned.length === 0) return
  // What it had started may live on, and be at work there.
  const environments = environmentsOfAll()
  for (const name of abandoned) {
    const folder = join(parent, name)
    if (!environments.some(text => text.includes(folder))) remove(folder)
  }
}

function readName(name: string, kind: string): Owner | undefined {
  if (!name.startsWith(`${kind}-`)) return undefined
  const [, pid, started, space] = /^-(\d+)-(\d+)-(\d+)-\w+$/.exec(name.slice(kind.length)) ?? []
  return started === undefined || space === undefined ? undefined : { pid: Number(pid), started, space }
}

function ownerOf(pid: number): Owner | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name may hold anything, blanks too. A process that has ended and waits for its parent owns nothing.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[19] === undefined) return undefined
    const space = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? ''
    return { pid, started: fields[19], space }
  } catch {
    return undefined
  }
}

function environmentsOfAll(): string[] {
  return readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name)) return []
    try {
      return [readFileSync(`/proc/${name}/environ`, 'latin1')]
    } catch {
      return []
    }
  })
}

/** Another process may be removing it, and it may be another user's. */
function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // It stays for the next one.
  }
}
