import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import { describeLedger } from './ledger.contract.ts'

describeLedger('memory', async tools => ({ ledger: openMemoryLedger(tools), cleanUp: async () => {} }))
