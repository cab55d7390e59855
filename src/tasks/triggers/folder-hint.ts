/** A word from the local system that something changed in a folder. Only a hint: on network shares it never comes, and nothing needs it. */
import { type FSWatcher, watch } from 'node:fs'

export class FolderHint {
  readonly #watcher: FSWatcher | null
  #hasChanged = false

  constructor(folder: string) {
    this.#watcher = watched(folder, () => {
      this.#hasChanged = true
    })
  }

  /** Since the last `reset`. */
  get hasChanged(): boolean {
    return this.#hasChanged
  }

  reset(): void {
    this.#hasChanged = false
  }

  close(): void {
    this.#watcher?.close()
  }
}

/** Null where the system cannot watch, or may not watch more. */
function watched(folder: string, onChange: () => void): FSWatcher | null {
  try {
    const watcher = watch(folder, { persistent: false }, onChange)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return null
  }
}
