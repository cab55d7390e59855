/**
 * The door for hints: what comes in from another peer is believed to be a hint only after the checks here. What is provably garbage
 * may be held against its author; everything else that is refused (a member not yet on our list, too many at once, a replay) is only
 * dropped, because the reason may lie with us and may pass (G8, G9, H22).
 */
import { decodeHints, type HintMessage } from '../../protocols/hint-codec.ts'
import { MAX_HINT_MESSAGE_BYTES } from '../../protocols/limits.ts'
import type { Clock } from '../core/clock.ts'
import type { Members } from './members.ts'
import {
  HINT_REPLAY_WINDOW,
  MAX_DIRECT_MESSAGES_IN_A_BURST,
  MAX_DIRECT_MESSAGES_PER_SECOND,
  MAX_HINT_MESSAGES_IN_A_BURST,
  MAX_HINT_MESSAGES_PER_SECOND,
} from './mesh-limits.ts'
import type { ReceivedHint } from './mesh.ts'
import { ReplayWindow } from './replay-window.ts'
import { TokenBucket } from './token-bucket.ts'

export interface HintInboxOptions {
  clock: Clock
  incarnation: string
  members: Members
  onHint: (received: ReceivedHint) => void
}

/** By the way on which messages come. */
interface Buckets {
  gossip: TokenBucket
  direct: TokenBucket
}

type Way = keyof Buckets
type Verdict = 'delivered' | 'dropped' | 'garbage'

/** What is known about one author. */
interface Author {
  buckets: Buckets
  session: string
  window: ReplayWindow
  /** Number of the newest message that told how busy it is. */
  loadSeq: number
}

export class HintInbox {
  readonly #options: HintInboxOptions
  readonly #authors = new Map<string, Author>()
  #received = 0
  #refused = 0

  constructor(options: HintInboxOptions) {
    this.#options = options
  }

  get received(): number {
    return this.#received
  }

  /** Messages that were garbage or dropped, since the start. */
  get refused(): number {
    return this.#refused
  }

  /** Takes one message that `from` (peer id) has signed or sent itself. `garbage` when no honest peer of this mesh could have made it. */
  take(from: string, bytes: Uint8Array): Verdict {
    return this.#take('gossip', from, bytes)
  }

  /** The same for a message that came on a stream from `from` and is for this peer alone. */
  takeDirect(from: string, bytes: Uint8Array): Verdict {
    return this.#take('direct', from, bytes)
  }

  #take(way: Way, from: string, bytes: Uint8Array): Verdict {
    const verdict = this.#judge(way, from, bytes)
    if (typeof verdict === 'string') {
      this.#refused++
      return verdict
    }
    for (const hint of verdict.hints) {
      this.#received++
      if (hint.kind !== 'load' || this.#isNewest(from, verdict)) {
        this.#options.onHint({ hint, from, session: verdict.session })
      }
    }
    return 'delivered'
  }

  /** What was told to this peer alone may overtake what was told to all: an older word must not replace a newer one. */
  #isNewest(from: string, { session, seq }: HintMessage): boolean {
    const author = this.#author(from, session)
    if (seq < author.loadSeq) return false
    author.loadSeq = seq
    return true
  }

  /** Forgets what is known about peers that left. */
  forget(peers: readonly string[]): void {
    for (const peer of peers) this.#authors.delete(peer)
  }

  #judge(way: Way, from: string, bytes: Uint8Array): HintMessage | 'dropped' | 'garbage' {
    const { clock, incarnation, members } = this.#options
    const member = members.get(from)
    if (member === undefined) {
      members.reportUnknown(from)
      return 'dropped'
    }
    if (bytes.byteLength > MAX_HINT_MESSAGE_BYTES) return 'garbage'
    const author = this.#author(from, member.session)
    // Before decoding: a flood must cost nothing.
    if (!author.buckets[way].take(clock.monotonicMs())) return 'dropped'
    const message = decoded(bytes)
    if (message?.ledger !== incarnation) return 'garbage'
    if (message.session !== member.session) {
      members.reportUnknown(from)
      return 'dropped'
    }
    return author.window.admits(message.seq) ? message : 'dropped'
  }

  #author(peer: string, session: string): Author {
    const known = this.#authors.get(peer)
    if (known?.session === session) return known
    const buckets = known?.buckets ?? {
      gossip: new TokenBucket(MAX_HINT_MESSAGES_PER_SECOND, MAX_HINT_MESSAGES_IN_A_BURST),
      direct: new TokenBucket(MAX_DIRECT_MESSAGES_PER_SECOND, MAX_DIRECT_MESSAGES_IN_A_BURST),
    }
    const author = { buckets, session, window: new ReplayWindow(HINT_REPLAY_WINDOW), loadSeq: 0 }
    this.#authors.set(peer, author)
    return author
  }
}

function decoded(bytes: Uint8Array): HintMessage | undefined {
  try {
    return decodeHints(bytes)
  } catch {
    return undefined
  }
}
