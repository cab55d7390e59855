/**
 * Hints on the mesh's gossip topic: what goes out, and the door for what comes in. Messages are judged before gossip passes them on,
 * in one place, once each. Only provable garbage is refused towards gossip: any other refusal would stick to the message for two
 * minutes, even when its reason is gone (G8).
 */
import { type GossipSub, type Message, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import type { HintInbox } from '../hint-inbox.ts'

export interface GossipChannelOptions {
  gossip: GossipSub
  topic: string
  inbox: Pick<HintInbox, 'take'>
  /** True loses the message that came in. */
  loses: () => boolean
}

/** A part of the service that its published type leaves out: peer ids with a stream to send on. */
interface Streams {
  streamsOutbound: ReadonlyMap<string, unknown>
}

export class GossipChannel {
  readonly #gossip: GossipSub & Streams
  readonly #topic: string
  readonly #inbox: Pick<HintInbox, 'take'>
  readonly #loses: () => boolean

  constructor({ gossip, topic, inbox, loses }: GossipChannelOptions) {
    this.#gossip = gossip as GossipSub & Streams
    this.#topic = topic
    this.#inbox = inbox
    this.#loses = loses
  }

  /** The node must run. */
  start(): void {
    this.#gossip.topicValidators.set(this.#topic, (_sender, message) => this.#judge(message))
    this.#gossip.subscribe(this.#topic)
  }

  /** Signs and sends one message; returns to how many peers. */
  async publish(message: Uint8Array): Promise<number> {
    const { recipients } = await this.#gossip.publish(this.#topic, message)
    return recipients.length
  }

  /** True when a message to this peer would leave: it has subscribed, and there is a stream. */
  reaches(peer: string): boolean {
    const isSubscribed = this.#gossip.getSubscribers(this.#topic).some(subscriber => subscriber.toString() === peer)
    return isSubscribed && this.#gossip.streamsOutbound.has(peer)
  }

  #judge(message: Message): TopicValidatorResult {
    // Unsigned messages do not get this far: the signature policy refuses them.
    if (message.type !== 'signed') return TopicValidatorResult.Reject
    if (this.#loses()) return TopicValidatorResult.Accept
    const verdict = this.#inbox.take(message.from.toString(), message.data)
    return verdict === 'garbage' ? TopicValidatorResult.Reject : TopicValidatorResult.Accept
  }
}
