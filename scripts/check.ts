/** All checks of the code that need no running of it: `npm run check`. One at a time, small machines have two cores. */
import { runSteps } from './run-steps.ts'

const isGood = await runSteps([
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'lint', command: 'oxlint', args: ['--type-aware', '.'] },
  { name: 'format', command: 'oxfmt', args: ['--check', '.'] },
  { name: 'import rule', command: process.execPath, args: ['scripts/check-imports.ts'] },
  { name: 'unused exports', command: 'knip', args: ['--no-progress'] },
])
process.exitCode = isGood ? 0 : 1
