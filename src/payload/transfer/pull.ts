/**
 * One payload, from whoever gives it: holder after holder, going on where the last one stopped. What can be had from none of them directly is
 * fetched by a peer that reaches one of them, and then had from that peer.
 */
import type { PayloadRef } from '../../lease/records.ts'
import {
  DIRECT_FROM_BYTES,
  FIND_PROVIDERS_MS,
  MAX_GO_BETWEENS_ASKED,
  MAX_PROVIDERS_ASKED,
  MAX_ROUNDS_PER_PULL,
  MAX_TRIES_PER_HOLDER,
  RETRY_FIRST_MS,
  RETRY_MAX_MS,
} from '../payload-limits.ts'
import { MAX_PEERS_NAMED, type PayloadDoor } from '../../../protocols/payload-messages.ts'
import { HolderStream } from './holder-stream.ts'
import { Part } from './part.ts'
import type { PullerParts, PullOptions } from './puller.ts'

/** Runs what waits for other peers to fetch something, in a way that keeps nobody from their own turn. */
export type Aside = <T>(wait: () => Promise<T>) => Promise<T>

/** Why a holder did not help that knows of no such payload. */
export const DOES_NOT_HAVE_IT = 'it does not have it'

export class Pull {
  /** Why each peer (id) that was asked did not help. */
  readonly answers = new Map<string, string>()
  corrupt = 0
  wastedBytes = 0
  isDirect = false
  isAskingOthers = false
  readonly #ref: PayloadRef
  readonly #parts: PullerParts & PullOptions
  readonly #signal: AbortSignal
  readonly #aside: Aside
  /** Not asked again: they do not have it, or sent something else. */
  readonly #useless = new Set<string>()
  /** Holders whose direct connection did not come about: a firewall, as a rule. */
  readonly #notDirect = new Set<string>()
  /** After a mixture of several holders was wrong, a part has one source, so that the wrong one is known. */
  #mayMix = true
  #part: Part | null = null

  constructor(
    ref: PayloadRef,
    parts: PullerParts & PullOptions,
    { signal, aside }: { signal: AbortSignal; aside: Aside },
  ) {
    this.#ref = ref
    this.#parts = parts
    this.#signal = signal
    this.#aside = aside
  }

  /** True when the payload is a file of this host now; false when nobody gave it. Throws when the disk or the signal says no. */
  async run(): Promise<boolean> {
    const { clock, random } = this.#parts
    try {
      for (let round = 0; round < MAX_ROUNDS_PER_PULL; round++) {
        const delayMs = Math.min(RETRY_FIRST_MS * 2 ** round, RETRY_MAX_MS)
        if (round > 0) await clock.sleep(delayMs * (0.5 + random.float()), this.#signal)
        // Trying in vain to reach somebody takes long.
        if (!this.#isAnybodyNear() && (await this.#askThroughOthers())) return true
        if (await this.#askAll()) return true
        if (await this.#askThroughOthers()) return true
        if (!this.#isWorthAnotherRound()) return false
      }
      return false
    } finally {
      await this.#dropPart()
    }
  }

  /** Peers of which it is not known that they do not have it: they could not be reached, were busy, or broke off. */
  undecided(): string[] {
    const { peer } = this.#parts.network
    const known = new Set([...this.#ref.holders, ...this.answers.keys()])
    return [...known].filter(holder => holder !== peer && !this.#useless.has(holder))
  }

  async #askAll(): Promise<boolean> {
    for await (const holder of this.#candidates()) {
      this.#signal.throwIfAborted()
      if (await this.#fetchFrom(holder)) return true
    }
    return false
  }

  #isAnybodyNear(): boolean {
    const connected = this.#parts.network.connected()
    return this.#ref.holders.some(holder => connected.includes(holder))
  }

  /** Peers that do not have it and may reach those that do, or that may have it. */
  async #askThroughOthers(): Promise<boolean> {
    const { network, random, alone = false } = this.#parts
    const from = this.undecided().slice(0, MAX_PEERS_NAMED)
    if (alone || from.length === 0) return false
    const others = network.connected().filter(peer => !from.includes(peer) && !this.#useless.has(peer))
    const inTurn = others.map(peer => ({ peer, place: random.float() })).toSorted((a, b) => a.place - b.place)
    for (const { peer } of inTurn.slice(0, MAX_GO_BETWEENS_ASKED)) {
      this.isAskingOthers = true
      const isThere = await this.#aside(() => this.#isFetchedBy(peer, from)).finally(
        () => (this.isAskingOthers = false),
      )
      if (isThere && (await this.#fetchFrom(peer))) return true
    }
    return false
  }

  async #isFetchedBy(peer: string, from: string[]): Promise<boolean> {
    const { network, clock, log } = this.#parts
    const { hash, sizeBytes } = this.#ref
    try {
      const stream = await HolderStream.open(network, peer, clock, this.#signal)
      try {
        const answer = await stream.askPatiently({ kind: 'fetch', hash, sizeBytes, from })
        return answer.kind === 'kept'
      } finally {
        stream.close()
      }
    } catch (error) {
      this.#signal.throwIfAborted()
      log.debug('a peer could not be had to fetch a payload from others', { hash, peer, error })
      return false
    }
  }

  /** The named holders first, then who told the mesh to have it. */
  async *#candidates(): AsyncGenerator<string> {
    const { network, clock } = this.#parts
    const asked = new Set([network.peer, ...this.#useless])
    for (const holder of this.#ref.holders) {
      if (!asked.has(holder)) yield holder
      asked.add(holder)
    }
    const enough = new AbortController()
    const timer = clock.timer(FIND_PROVIDERS_MS, () => enough.abort())
    let count = 0
    try {
      const signal = AbortSignal.any([enough.signal, this.#signal])
      for await (const provider of network.findProviders(this.#ref.hash, signal)) {
        if (asked.has(provider)) continue
        asked.add(provider)
        yield provider
        if (++count >= MAX_PROVIDERS_ASKED) return
      }
    } finally {
      timer.cancel()
      enough.abort()
    }
  }

  /** Waiting helps with peers that were busy or could not be reached, not with those that do not have it. */
  #isWorthAnotherRound(): boolean {
    return Array.from(this.answers.keys()).some(holder => !this.#useless.has(holder))
  }

  /** As long as each try brings bytes, the holder is asked again. */
  async #fetchFrom(holder: string): Promise<boolean> {
    for (let tries = 0; tries < MAX_TRIES_PER_HOLDER && !this.#useless.has(holder); tries++) {
      const before = this.#part?.reached ?? 0
      try {
        if (await this.#tryHolder(holder)) return true
      } catch (error) {
        this.#signal.throwIfAborted()
        if ((error as { code?: unknown }).code === 'LF_PAYLOAD_NOT_KEPT') throw error
        this.answers.set(holder, (error as Error).message)
        this.#parts.log.debug('a holder did not give all of a payload', { hash: this.#ref.hash, holder, error })
      }
      if ((this.#part?.reached ?? 0) <= before) return false
    }
    return false
  }

  async #tryHolder(holder: string): Promise<boolean> {
    const stream = await HolderStream.open(this.#parts.network, holder, this.#parts.clock, this.#signal)
    try {
      const door = await this.#askFor(stream, holder)
      if (door === undefined) return false
      const part = await this.#partFor(holder)
      if (door !== null && this.#wantsDirect(stream, holder)) await this.#readDirect(stream, holder, door, part)
      await this.#readStream(stream, part)
      return await this.#finish(part, stream)
    } finally {
      stream.close()
    }
  }

  /** The door that the holder opened, null when it has none, undefined when it does not give the payload. */
  async #askFor(stream: HolderStream, holder: string): Promise<PayloadDoor | null | undefined> {
    const { hash, sizeBytes } = this.#ref
    const answer = await stream.ask({ kind: 'door', hash })
    if (answer.kind === 'here' && answer.sizeBytes === sizeBytes) return answer.door
    const isMissing = answer.kind === 'no' && answer.why === 'missing'
    this.answers.set(holder, isMissing ? DOES_NOT_HAVE_IT : answer.kind === 'no' ? 'it is busy' : 'its file is damaged')
    if (answer.kind === 'here') await stream.ask({ kind: 'suspect', hash }).catch(() => {})
    if (isMissing || answer.kind === 'here') this.#useless.add(holder)
    return undefined
  }

  async #partFor(holder: string): Promise<Part> {
    const isForeign = this.#part !== null && !this.#mayMix && !this.#part.sources.has(holder)
    if (isForeign) await this.#dropPart()
    this.#part ??= await Part.open(this.#parts, this.#ref)
    this.#part.sources.add(holder)
    return this.#part
  }

  #wantsDirect({ host }: HolderStream, holder: string): boolean {
    const { direct = true } = this.#parts
    const restBytes = this.#ref.sizeBytes - (this.#part?.reached ?? 0)
    return direct && host !== null && restBytes >= DIRECT_FROM_BYTES && !this.#notDirect.has(holder)
  }

  /** What does not come this way comes over the stream. */
  async #readDirect(stream: HolderStream, holder: string, door: PayloadDoor, part: Part): Promise<void> {
    const { threads, log } = this.#parts
    const before = part.reached
    const fetched = await threads.fetch(
      { sink: part.sink, host: stream.host as string, door, offset: before, end: this.#ref.sizeBytes },
      this.#signal,
    )
    await part.settle()
    this.#signal.throwIfAborted()
    if (part.reached > before) this.isDirect = true
    if (fetched.error === null) return
    if (part.reached > before) throw new Error(fetched.error)
    this.#notDirect.add(holder)
    log.debug('no direct connection to a holder; its stream serves', { holder, error: fetched.error })
  }

  async #readStream(stream: HolderStream, part: Part): Promise<void> {
    const { hash, sizeBytes: end } = this.#ref
    if (part.reached >= end) return
    await stream.read({ hash, offset: part.reached, end }, bytes => part.add(bytes))
  }

  async #finish(part: Part, stream: HolderStream): Promise<boolean> {
    this.#part = null
    if (await part.finish()) return true
    this.corrupt += 1
    this.wastedBytes += part.reached
    const isMixed = part.sources.size > 1
    if (isMixed) this.#mayMix = false
    for (const source of part.sources) {
      this.answers.set(source, 'what it sent is not the payload')
      if (!isMixed) this.#useless.add(source)
    }
    this.#parts.log.warn('A peer sent something else than the payload that was asked for.', {
      hash: this.#ref.hash,
      from: [...part.sources].join(', '),
    })
    await stream.ask({ kind: 'suspect', hash: this.#ref.hash }).catch(() => {})
    return false
  }

  async #dropPart(): Promise<void> {
    this.wastedBytes += this.#part?.reached ?? 0
    await this.#part?.drop()
    this.#part = null
  }
}
