/** Starts a guarded server in the folder that is named, says its process id, and waits to be killed. */
import { endWithChildren } from '../support/end-with-children.ts'
import { startGuarded } from '../../scripts/bench/rivals/guarded-server.ts'

const [folder = ''] = process.argv.slice(2)
endWithChildren()
await startGuarded('sh', ['-c', 'echo server $$; exec sleep 1000'], {
  folder,
  isReady: line => {
    if (line.startsWith('server ')) process.stdout.write(`${line.slice('server '.length)}\n`)
    return true
  },
})
setInterval(() => {}, 1000)
