/** Runs one of the benches by its name: `npm run bench payload -- --mib 256`. Further options are the bench's own. */
const BENCHES: Readonly<Record<string, () => Promise<unknown>>> = {
  payload: () => import('./bench-payload.ts'),
  tasks: () => import('./bench-tasks.ts'),
}

const bench = BENCHES[process.argv[2] ?? '']
if (bench === undefined) {
  process.stderr.write(`Name a bench: ${Object.keys(BENCHES).join(', ')}.\n`)
  process.exitCode = 2
} else {
  await bench()
}
