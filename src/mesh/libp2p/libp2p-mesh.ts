/**
 * The mesh over libp2p. Owns the libp2p node and everything that moves in it: dialling, doors, gossip, the watchdog; `stop` leaves
 * nothing behind. Reads no ledger, decides no claim, trusts no hint. Made and stopped by `node/`, which imports this folder only when
 * a peer really starts, because libp2p takes long to load.
 *
 * Two peers that dial each other in the same moment end with two connections. Both stay: closing one would kill the gossip stream on
 * it, which libp2p does not open again (G2), and the second costs nothing. `connected` and `disconnected` speak of peers, not of
 * connections.
 */
import type { Listener, PeerInfo } from '@libp2p/interface'
import { createLibp2p } from 'libp2p'
import type { Hint } from '../../../protocols/hints.ts'
import { LightflowError } from '../../core/errors.ts'
import { EventHub } from '../../core/events.ts'
import { HintInbox } from '../hint-inbox.ts'
import { HintOutbox } from '../hint-outbox.ts'
import { Members } from '../members.ts'
import type { DialVerdict, Member, Mesh, MeshEvents, MeshMetrics, PeerStream, PeerStreams } from '../mesh.ts'
import { cannotListen } from './addr-errors.ts'
import { announcedAddrs } from './announced-addrs.ts'
import { DirectHints } from './direct-hints.ts'
import { isPlaceholder } from './dht-addrs.ts'
import { DialProbe } from './dial-probe.ts'
import { DialLoop } from './dial-loop.ts'
import { sayFarewell } from './farewell.ts'
import { GossipChannel } from './gossip-channel.ts'
import { libp2pLog } from './libp2p-log.ts'
import { libp2pOptions, type MeshNode } from './libp2p-options.ts'
import { Libp2pStreams } from './libp2p-streams.ts'
import { Links } from './links.ts'
import { MeshDatastore } from './mesh-datastore.ts'
import { meshGater } from './mesh-gater.ts'
import { DIRECT_PROTOCOL, hintTopic, protocolId, PULSE_PROTOCOL } from './mesh-names.ts'
import { type Libp2pMeshOptions, withDefaults } from './mesh-options.ts'
import { PeerFinder } from './peer-finder.ts'
import { ProviderRouting } from './provider-routing.ts'
import { PulseStreams } from './pulse-streams.ts'
import { Upkeep } from './upkeep.ts'

/** Throws `LF_MESH_ADDRESS` for an address that cannot be read. */
export function createLibp2pMesh(options: Libp2pMeshOptions): Libp2pMesh {
  return new Libp2pMesh(withDefaults(options))
}

export class Libp2pMesh implements Mesh, PeerStreams {
  readonly peer: string
  readonly #options: Required<Libp2pMeshOptions>
  readonly #hub: EventHub<MeshEvents>
  readonly #members: Members
  readonly #inbox: HintInbox
  readonly #outbox: HintOutbox
  readonly #dialLoop: DialLoop
  readonly #streams: Libp2pStreams
  readonly #probe = new DialProbe()
  readonly #listeners = new Set<Listener>()
  readonly #datastore = new MeshDatastore()
  #node: MeshNode | undefined
  #links: Links | undefined
  #channel: GossipChannel | undefined
  #upkeep: Upkeep | undefined
  #pulse: PulseStreams | undefined
  #direct: DirectHints | undefined
  #providers: ProviderRouting | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #publishedToNobody = 0

  constructor(options: Required<Libp2pMeshOptions>) {
    const { identity, incarnation, clock, random, log, join, pacing } = options
    this.peer = identity.peer
    this.#options = options
    this.#hub = new EventHub(error => log.error('A listener of the mesh failed.', { error }))
    this.#members = new Members({ self: this.peer, clock, onUnknown: peer => this.#hub.emit('unknown', peer) })
    const onHint = (received: MeshEvents['hint']) => this.#hub.emit('hint', received)
    this.#inbox = new HintInbox({ clock, incarnation, members: this.#members, onHint })
    this.#outbox = new HintOutbox({ clock, incarnation, send: message => this.#send(message) })
    this.#streams = new Libp2pStreams({
      incarnation,
      node: () => this.#node,
      isMember: peer => this.#members.has(peer),
    })
    this.#dialLoop = new DialLoop({
      self: this.peer,
      clock,
      random,
      log,
      join,
      pacing,
      isOwn: addr => this.#listening().includes(addr),
      isConnected: peer => this.#links?.has(peer) ?? false,
      dial: addrs => this.#dial(addrs),
    })
  }

  /** The libp2p node while the mesh runs: for protocols of other rooms, such as payloads, on the same connections. */
  get node(): MeshNode | undefined {
    return this.#node
  }

  on<Kind extends keyof MeshEvents>(kind: Kind, listener: (event: MeshEvents[Kind]) => void): () => void {
    return this.#hub.on(kind, listener)
  }

  addrs(): string[] {
    return announcedAddrs({ announce: this.#options.announce, listening: this.#listening(), peer: this.peer })
  }

  connected(): string[] {
    return this.#links?.peers() ?? []
  }

  setMembers(members: readonly Member[]): void {
    const gone = this.#members.set(members)
    this.#datastore.setMembers(this.#members.all().map(({ peer }) => peer))
    this.#inbox.forget(gone)
    this.#probe.forget(gone)
    this.#upkeep?.forget(gone)
    if (gone.length > 0) this.#links?.forget(gone)
    this.#dialLoop.setMembers(members)
  }

  async probe(peer: string): Promise<DialVerdict> {
    return this.#probe.probe(peer, this.#members.get(peer)?.addrs ?? [])
  }

  publish(hint: Hint): void {
    if (this.#options.gossip) this.#outbox.add(hint)
  }

  tell(peer: string, hints: readonly Hint[]): void {
    if (this.#direct === undefined) return
    for (const message of this.#outbox.toMessages(hints)) this.#direct.send(peer, message)
  }

  useSession(session: string): void {
    this.#outbox.useSession(session)
  }

  async provide(hash: string): Promise<void> {
    await this.#providers?.provide(hash)
  }

  async *findProviders(hash: string, signal: AbortSignal): AsyncGenerator<string> {
    if (this.#providers !== undefined) yield* this.#providers.findProviders(hash, signal)
  }

  serve(name: string, onStream: (stream: PeerStream) => void): () => void {
    return this.#streams.serve(name, onStream)
  }

  openStream(peer: string, name: string, signal: AbortSignal): Promise<PeerStream> {
    return this.#streams.openStream(peer, name, signal)
  }

  metrics(): MeshMetrics {
    return {
      hintsPublished: this.#outbox.published,
      hintsReceived: this.#inbox.received,
      hintsRefused: this.#inbox.refused,
      hintsDropped: this.#outbox.dropped,
      publishedToNobody: this.#publishedToNobody,
      connections: this.#node?.getConnections().length ?? 0,
      foreignPeers: this.#upkeep?.foreignPeers ?? 0,
    }
  }

  start(): Promise<void> {
    if (this.#stopping !== undefined)
      return Promise.reject(new LightflowError('LF_MESH_STOPPED', 'The mesh was stopped.'))
    this.#starting ??= this.#startOnce()
    return this.#starting
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopOnce()
    return this.#stopping
  }

  async #startOnce(): Promise<void> {
    const { identity, log } = this.#options
    const { privateKey } = identity
    const node = await createLibp2p(
      libp2pOptions({
        ...this.#options,
        privateKey,
        gater: meshGater(this.#members),
        datastore: this.#datastore,
        logger: libp2pLog(log),
      }),
    )
    node.addEventListener('transport:listening', ({ detail }) => this.#listeners.add(detail))
    node.addEventListener('transport:close', ({ detail }) => this.#listeners.delete(detail))
    this.#links = this.#linksOf(node)
    this.#links.start()
    node.services.mdns?.addEventListener('peer', ({ detail }) => this.#seen(detail))
    try {
      await node.start()
    } catch (cause) {
      throw cannotListen(this.#options.listen, cause)
    }
    this.#node = node
    this.#pulse = new PulseStreams({
      self: this.peer,
      node,
      protocol: protocolId(this.#options.incarnation, PULSE_PROTOCOL),
      isMember: peer => this.#members.has(peer),
      onBeat: peer => this.#upkeep?.heard(peer),
    })
    await Promise.all([this.#streams.start(), this.#pulse.start(), this.#startDirect(node)])
    this.#open(node, this.#links, this.#pulse)
  }

  async #startDirect(node: MeshNode): Promise<void> {
    const { gossip, incarnation, loses } = this.#options
    if (!gossip) return
    const isMember = (peer: string) => this.#members.has(peer)
    const protocol = protocolId(incarnation, DIRECT_PROTOCOL)
    this.#direct = new DirectHints({ node, protocol, isMember, inbox: this.#inbox, loses })
    await this.#direct.start()
  }

  #open(node: MeshNode, links: Links, pulse: PulseStreams): void {
    const { clock, incarnation, log, watchdog } = this.#options
    const { dht, gossip } = node.services
    if (gossip !== undefined) {
      const { loses } = this.#options
      this.#channel = new GossipChannel({ gossip, topic: hintTopic(incarnation), inbox: this.#inbox, loses })
      this.#channel.start()
    }
    this.#upkeep = new Upkeep({
      clock,
      log,
      watchdog,
      links,
      channel: this.#channel,
      finder: new PeerFinder({ dht, clock, log, onTold: peer => this.#toldByDht(peer) }),
      isMember: peer => this.#members.has(peer),
      members: () => this.#members.all().map(({ peer }) => peer),
      isOutOfReach: peer => this.#dialLoop.isOutOfReach(peer),
      beat: peer => pulse.beat(peer),
      onForeign: foreign => this.#hub.emit('foreign', foreign),
    })
    this.#providers = new ProviderRouting({ dht, isMember: peer => this.#members.has(peer), clock, log })
    this.#upkeep.start()
    this.#dialLoop.start()
  }

  async #stopOnce(): Promise<void> {
    // A start that failed has told its caller why, and has closed what it opened.
    await this.#starting?.catch(() => {})
    this.#dialLoop.stop()
    this.#members.close()
    this.#upkeep?.stop()
    this.#pulse?.stop()
    this.#direct?.stop()
    this.#providers?.stop()
    await this.#farewell()
    this.#links?.stop()
    const node = this.#node
    this.#node = undefined
    await node?.stop()
  }

  async #farewell(): Promise<void> {
    const outbox = this.#outbox
    const { clock } = this.#options
    await sayFarewell({ clock, sendLast: () => outbox.close(), node: this.#node, peers: () => this.connected() })
  }

  #linksOf(node: MeshNode): Links {
    const { log } = this.#options
    return new Links({
      node,
      members: this.#members,
      onConnected: peer => {
        log.debug('Connected to a peer.', { peer })
        this.#dialLoop.connected(peer)
        this.#hub.emit('connected', peer)
      },
      onDisconnected: peer => {
        log.debug('Lost the connection to a peer.', { peer })
        this.#dialLoop.disconnected(peer)
        this.#hub.emit('disconnected', peer)
      },
    })
  }

  async #dial(addrs: readonly string[]): Promise<string> {
    if (this.#links === undefined) throw new LightflowError('LF_MESH_STOPPED', 'The mesh does not run.')
    return this.#links.dial(addrs)
  }

  async #send(message: Uint8Array): Promise<void> {
    let reached = 0
    try {
      // Nobody is there to hear it: it need not be signed.
      if (this.connected().length > 0) reached = (await this.#channel?.publish(message)) ?? 0
    } finally {
      if (reached === 0) this.#publishedToNobody++
    }
  }

  #listening(): string[] {
    return Array.from(this.#listeners).flatMap(listener => listener.getAddrs().map(String))
  }

  /** Of members only: what the DHT says about others may be as old as its memory. */
  #toldByDht({ id, multiaddrs }: PeerInfo): void {
    const peer = id.toString()
    const addrs = multiaddrs.map(String).filter(addr => !isPlaceholder(addr))
    if (addrs.length > 0 && this.#members.has(peer)) this.#dialLoop.seen(peer, addrs)
  }

  #seen({ id, multiaddrs }: PeerInfo): void {
    const peer = id.toString()
    const addrs = multiaddrs.map(String)
    if (peer === this.peer) return
    if (this.#members.has(peer)) this.#dialLoop.seen(peer, addrs)
    else if (this.#upkeep?.strangerSeen({ peer, addrs }) === true) this.#members.reportUnknown(peer)
  }
}
