import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { BSON } from 'mongodb'

/** A port that answers every command like a MongoDB server of the kind that `hello` describes. */
export async function pretendServer(hello: object): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const reply = { helloOk: true, isWritablePrimary: true, ismaster: true, maxBsonObjectSize: 16_777_216, ok: 1 }
  const limits = { maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000, minWireVersion: 0, maxWireVersion: 21 }
  const server = createServer(socket => {
    sockets.add(socket)
    let received = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', data => {
      received = Buffer.concat([received, data])
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        const message = received.subarray(0, received.readInt32LE(0))
        received = received.subarray(message.length)
        socket.write(answerTo(message, { ...reply, ...limits, ...hello }))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013

function answerTo(message: Buffer, document: object): Buffer {
  const isOld = message.readInt32LE(12) === OP_QUERY
  const body = BSON.serialize(document)
  const head = Buffer.alloc(isOld ? 36 : 21)
  head.writeInt32LE(head.length + body.length, 0)
  head.writeInt32LE(message.readInt32LE(4), 8)
  head.writeInt32LE(isOld ? OP_REPLY : OP_MSG, 12)
  if (isOld) head.writeInt32LE(1, 32)
  return Buffer.concat([head, body])
}
