/** The faults of a test server that fails on demand (`LF_TEST_MONGODB_CONTROL`); not every replica set has them. */
export const MONGODB_CONTROL = process.env['LF_TEST_MONGODB_CONTROL']

if (process.env['LF_TEST_MONGODB_URI'] !== undefined && MONGODB_CONTROL === undefined) {
  process.stdout.write(
    '  MongoDB: faults not tested, since LF_TEST_MONGODB_CONTROL names no server that fails on demand\n',
  )
}

export interface Fault {
  command: string | string[]
  mode: 'closeBefore' | 'closeAfterCommit' | 'delay' | 'delayAfterCommit' | 'error' | 'writeConcernError'
  times?: number | 'always'
  probability?: number
  ms?: number
  skip?: number
  code?: number
  appName?: string
  writeConcernError?: { code: number; errmsg: string }
}

export class TestBed {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** No primary for a while, then another one. With `keepConnections` as mongod does it, otherwise as when it crashes. */
  stepDown(options: { electionMs?: number; keepConnections?: boolean } = {}): Promise<void> {
    return this.#post('stepdown', { ...options, ...(options.keepConnections === true ? { keepConnections: 1 } : {}) })
  }

  kill(member: number | 'primary' = 'primary'): Promise<void> {
    return this.#post('kill', { member })
  }

  restart(member: number): Promise<void> {
    return this.#post('restart', { member })
  }

  /** As SIGSTOP does. */
  freeze(options: { member?: number | 'primary'; ms: number; electionMs?: number }): Promise<void> {
    return this.#post('freeze', options)
  }

  fail(fault: Fault): Promise<void> {
    return this.#post('fail', fault)
  }

  reset(): Promise<void> {
    return this.#post('reset', {})
  }

  async #post(what: string, body: object): Promise<void> {
    const response = await fetch(`${this.#url}/${what}`, { method: 'POST', body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`the test server refused ${what}: ${await response.text()}`)
  }
}
