/** A process that holds the lock of a session until it is killed, for tests. Arguments: folder, session id. */
import { hostname } from 'node:os'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { HostLocks } from '../../../src/ledger/mongo/host-locks.ts'

const [folder = '', session = ''] = process.argv.slice(2)
const locks = new HostLocks({ folder, host: hostname(), turn: { clock: systemClock, random: systemRandom } })
await locks.hold(session)
process.stdout.write('held\n')
setInterval(() => {}, 1000)
