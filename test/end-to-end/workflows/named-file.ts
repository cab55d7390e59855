/** A file that only the peer sees that made it: its path leads through the folder in which each peer was started. */
import { readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Dag, FileRef, FunctionTask } from 'lightflow'

const PATH = '/proc/self/cwd/frames.h5'
const BYTES = Buffer.alloc(5_000_000, 'frame')

const make = new FunctionTask(
  'make',
  async ({ data }) => {
    await writeFile(PATH, BYTES)
    data.set('frames', await FileRef.of(PATH))
  },
  { queue: 'alpha' },
)

const read = new FunctionTask(
  'read',
  async ({ data, context }) => {
    const path = await FileRef.from(data.get('frames')).local()
    const isRight = BYTES.equals(await readFile(path))
    data.set('verdict', { isRight, name: basename(path), peer: context.peerName })
  },
  { queue: 'gamma' },
)

export const named = new Dag('named').define([[make, read]])
