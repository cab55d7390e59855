import type { Example } from '../support/example.ts'
import { COMMAND_EXAMPLES } from './commands.ts'
import { DATA_EXAMPLES } from './data.ts'
import { FILE_EXAMPLES } from './files.ts'
import { FLOW_EXAMPLES } from './flow.ts'

/** Every file in `examples/` is here at least once. */
export const EXAMPLES: readonly Example[] = [...FLOW_EXAMPLES, ...DATA_EXAMPLES, ...COMMAND_EXAMPLES, ...FILE_EXAMPLES]
