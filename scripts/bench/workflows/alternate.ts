/** Tasks that do nothing, one after the other, for two queues in turn. */
import { manyHops } from '../many-hops.ts'
import { ALTERNATE_QUEUES } from '../scenarios.ts'

export const alternate = manyHops('alternate', { queues: ALTERNATE_QUEUES })
