/** All benches, in the order in which they are listed. What a bench needs is loaded when it is played. */
import * as definitions from './definitions.ts'
import { type Bench, defineBench } from './harness/bench.ts'

export const BENCHES: readonly Bench[] = [
  defineBench(definitions.tasks, async () => (await import('./play-tasks.ts')).playTasks),
  defineBench(definitions.submit, async () => (await import('./play-submit.ts')).playSubmit),
  defineBench(definitions.hops, async () => (await import('./play-hops.ts')).playHops),
  defineBench(definitions.start, async () => (await import('./play-start.ts')).playStart),
  defineBench(definitions.recovery, async () => (await import('./play-recovery.ts')).playRecovery),
  defineBench(definitions.idle, async () => (await import('./play-idle.ts')).playIdle),
  defineBench(definitions.mesh, async () => (await import('./play-mesh.ts')).playMesh),
  defineBench(definitions.payload, async () => (await import('./play-payload.ts')).playPayload),
  defineBench(definitions.sqlite, async () => (await import('./play-sqlite.ts')).playSqlite),
  defineBench(definitions.all, async () => (await import('./play-all.ts')).playAll),
]
