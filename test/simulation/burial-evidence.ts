/**
 * What was true when a peer decided on a burial for silence: when the read that it decided by was answered. The burial itself may land long
 * after, when a call hangs or its caller has given up on it. What has come meanwhile, an outage or the silence of others, was no part of the
 * decision, which stays sound: the burial names the beat, so it takes effect only when the buried one was silent all that time.
 */
export interface Evidence {
  atMs: number
  longOutageEndMs: number
  open: readonly { id: string; ttlMs: number; silentMs: number }[]
}

export class BurialEvidence {
  readonly #now: () => Evidence
  readonly #seenBy = new WeakMap<object, Evidence>()
  readonly #decidedBy = new Map<string, Evidence>()

  constructor(now: () => Evidence) {
    this.#now = now
  }

  /** A look at all that are open is what an observer counts by. */
  answered(process: object, name: string, args: readonly unknown[]): void {
    const isLook = name === 'sessionBeats' || (name === 'sessionHeads' && args[0] === undefined)
    if (isLook) this.#seenBy.set(process, this.#now())
  }

  /** Of the times that it tries the newest counts: each has to be right for itself. */
  called(process: object, name: string, args: readonly unknown[]): void {
    const seen = this.#seenBy.get(process)
    if (name === 'bury' && seen !== undefined) this.#decidedBy.set(keyOf(args), seen)
  }

  of(bury: readonly unknown[]): Evidence {
    return this.#decidedBy.get(keyOf(bury)) ?? this.#now()
  }
}

function keyOf([session, beat, , by]: readonly unknown[]): string {
  return `${String(session)} ${String(beat)} ${String(by)}`
}
