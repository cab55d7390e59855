import { MemoryPayloadStore } from '../../../src/payload/memory/memory-payload-store.ts'
import { PEER, payloadStoreContract } from '../payload-store.contract.ts'

describe('a payload store in memory', () => {
  payloadStoreContract(async () => new MemoryPayloadStore({ peer: PEER }))
})
