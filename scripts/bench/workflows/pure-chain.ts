/** The same, and they say so. */
import { manyHops } from '../many-hops.ts'

export const chain = manyHops('pure-chain', { effect: 'pure' })
