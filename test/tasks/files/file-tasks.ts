/** A folder for each test, and one attempt of a file task in it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runTask } from '../../../src/tasks/run-task.ts'
import type { TaskAttempt, TaskResult } from '../../../src/tasks/task-host.ts'
import type { Task } from '../../../src/workflow/task.ts'
import { context, NotingHost } from '../attempts.ts'

export class TestFolder {
  readonly path: string

  /** Below the system's folder for such, or another, as of another device. */
  constructor(parent = tmpdir()) {
    this.path = mkdtempSync(join(parent, 'lf-files-'))
  }

  at(...parts: string[]): string {
    return join(this.path, ...parts)
  }

  /** Files by path, with what is in them; a path that ends with "/" is a folder. */
  async make(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      const path = this.at(name)
      await mkdir(name.endsWith('/') ? path : dirname(path), { recursive: true })
      if (!name.endsWith('/')) await writeFile(path, text)
    }
  }

  /** All that is below, as `make` takes it; a link is `-> target`. */
  async tree(under = ''): Promise<Record<string, string>> {
    const found: Record<string, string> = {}
    for (const name of (await readdir(this.at(under))).toSorted()) {
      const relative = under === '' ? name : `${under}/${name}`
      const stats = await lstat(this.at(relative))
      if (stats.isSymbolicLink()) found[relative] = `-> ${await readlink(this.at(relative))}`
      else if (stats.isFile()) found[relative] = await readFile(this.at(relative), 'utf8')
      else {
        const below = await this.tree(relative)
        if (Object.keys(below).length === 0) found[`${relative}/`] = ''
        Object.assign(found, below)
      }
    }
    return found
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

export interface AttemptOptions extends Partial<TaskAttempt> {
  epoch?: number
  /** As `context.attempt`. */
  attemptNumber?: number
}

export function attempt(
  task: Task,
  { epoch = 1, attemptNumber = 1, ...rest }: AttemptOptions = {},
): Promise<TaskResult> {
  return runTask({
    task,
    context: { ...context, taskName: task.name, epoch, attempt: attemptNumber },
    inputs: [],
    start: null,
    host: new NotingHost(),
    abort: new AbortController().signal,
    isStopped: () => false,
    ...rest,
  })
}

/** A host that keeps what is set in the store. */
export function storingHost(): NotingHost {
  const kept = new Map<string, unknown>()
  return new NotingHost({
    storeGet: (_section: string, path: string) => kept.get(path),
    storeWrite: (write: { path: string; value: unknown }) => void kept.set(write.path, write.value),
  })
}

/** How an attempt ended, and why, as one text. */
export function told({ outcome, error }: TaskResult): string {
  return error === null ? outcome : `${outcome} ${error.code}: ${error.message}`
}
