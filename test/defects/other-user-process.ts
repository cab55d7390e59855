/** Tries to run a command as root and tells how it ended. For a test that starts this as somebody else. */
import { BashTask, Dag, runLocal } from '../../src/index.ts'

const { error } = await runLocal(new Dag('main').define([new BashTask('command', 'true', { user: 0 })]))
process.stdout.write(`${error?.code} ${error?.message} ${error?.hint}`)
