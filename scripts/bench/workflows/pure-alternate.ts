/** The same, and they say so. */
import { manyHops } from '../many-hops.ts'
import { ALTERNATE_QUEUES } from '../scenarios.ts'

export const alternate = manyHops('pure-alternate', { effect: 'pure', queues: ALTERNATE_QUEUES })
