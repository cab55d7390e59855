/** Makes `dist/`, what an installed package runs: JavaScript and types of src, protocols and cli. `npm run build`. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT, runSteps } from './run-steps.ts'

await rm(join(ROOT, 'dist'), { recursive: true, force: true })
const isGood = await runSteps([
  { name: 'compile', command: 'tsc', args: ['-p', 'tsconfig.build.json'] },
  {
    name: 'import',
    command: process.execPath,
    args: ['--eval', 'await import("./dist/src/index.js")', '--input-type=module'],
  },
])
process.exitCode = isGood ? 0 : 1
