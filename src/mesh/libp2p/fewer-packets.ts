/**
 * Fewer packets for what peers say to each other: each wakes the other peer, which costs more than most of what is said. libp2p by itself writes a
 * message in two pieces, each of them a packet, and answers every message with one that gives the sender its room back.
 */
import type { ConnectionEncrypter, MessageStream } from '@libp2p/interface'
import type { yamux } from '@libp2p/yamux'
import { StreamState, type YamuxStream } from '@libp2p/yamux/stream'

type MakeYamux = ReturnType<typeof yamux>

/** Pieces of more than this are handed over as they are: there a packet more is nothing, and a copy would be. */
const MAX_JOINED_BYTES = 64 * 1024

/** Makes the encrypter that `make` makes, which hands over what it has encrypted in one piece. */
export function inOnePiece<Components, Extensions>(
  make: (components: Components) => ConnectionEncrypter<Extensions>,
): (components: Components) => ConnectionEncrypter<Extensions> {
  return components => {
    const encrypter = make(components)
    const secureInbound = encrypter.secureInbound.bind(encrypter)
    const secureOutbound = encrypter.secureOutbound.bind(encrypter)
    return Object.assign(encrypter, {
      secureInbound: (...[connection, options]: Parameters<typeof secureInbound>) =>
        secureInbound(joining(connection), options),
      secureOutbound: (...[connection, options]: Parameters<typeof secureOutbound>) =>
        secureOutbound(joining(connection), options),
    })
  }
}

function joining(connection: MessageStream): MessageStream {
  const send = connection.send.bind(connection)
  return Object.assign(connection, {
    send: (data: Parameters<typeof send>[0]) => send(data.byteLength > MAX_JOINED_BYTES ? data : data.subarray()),
  })
}

/** Makes the muxers that `make` makes, whose streams give room back when half of it is used up, as those of other languages do. */
export function withRareUpdates(make: MakeYamux): MakeYamux {
  return () => {
    const factory = make()
    const createStreamMuxer = factory.createStreamMuxer.bind(factory)
    return Object.assign(factory, {
      createStreamMuxer(connection: MessageStream) {
        const muxer = createStreamMuxer(connection)
        const onCreateStream = muxer.onCreateStream.bind(muxer)
        const onRemoteStream = muxer.onRemoteStream.bind(muxer)
        return Object.assign(muxer, {
          onCreateStream: (...args: Parameters<typeof onCreateStream>) => updatingRarely(onCreateStream(...args)),
          onRemoteStream: (stream: YamuxStream) => onRemoteStream(updatingRarely(stream)),
        })
      },
    })
  }
}

function updatingRarely(stream: YamuxStream): YamuxStream {
  const sendWindowUpdate = stream.sendWindowUpdate.bind(stream)
  return Object.assign(stream, {
    sendWindowUpdate: () => {
      // What opens or accepts a stream is such an update, too.
      if (stream.state !== StreamState.Established || isHalfUsed(stream)) sendWindowUpdate()
    },
  })
}

/** Of fields that are the library's own: where they are not what they were, room is given back as the library does by itself. */
function isHalfUsed(stream: object): boolean {
  const { recvWindow, recvWindowCapacity } = stream as { recvWindow?: number; recvWindowCapacity?: number }
  return recvWindow === undefined || recvWindowCapacity === undefined || recvWindowCapacity * 2 <= recvWindow
}
