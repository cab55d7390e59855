/** Tasks that do nothing, one after the other. */
import { manyHops } from '../many-hops.ts'

export const chain = manyHops('chain', {})
