/** What `npm run bench all` plays, in this order. Pure. */
import type { all } from './definitions.ts'
import type { Values } from './harness/options.ts'

export interface Planned {
  title: string
  /** What would be typed for it. */
  words: string[]
}

type Asked = Values<typeof all.options>
type Name = Asked['only'][number]

/** In full, and quick. */
type Sizes = readonly [full: string, quick: string]

const LOCAL: Readonly<Record<Name, Sizes>> = {
  tasks: [
    '--ledgers memory,sqlite --rounds 3 --peers 1,2,4',
    '--ledgers memory,sqlite --rounds 1 --warm-up 1 --bulk-tasks 500',
  ],
  submit: ['', '--tasks 1000'],
  hops: ['', '--rounds 1 --tasks 100'],
  start: ['--rounds 5', '--rounds 1'],
  recovery: ['', '--faults kill,drain --victims 1'],
  idle: ['', '--peers 3 --seconds 5'],
  mesh: ['', '--peers 10'],
  payload: ['', '--mib 64 --rounds 1'],
  sqlite: ['', '--processes 4 --seconds 5'],
}

/** Those that have something to do on MongoDB, and how its address is told. */
const ON_MONGODB: Readonly<Partial<Record<Name, { sizes: Sizes; address: string }>>> = {
  tasks: {
    sizes: [
      '--ledgers mongodb --rounds 2 --warm-up 100 --peers 1,2,4 --bulk-tasks 1000',
      '--ledgers mongodb --rounds 1 --warm-up 1 --bulk-tasks 100',
    ],
    address: '--mongodb',
  },
  submit: { sizes: ['--tasks 1000,10000', '--tasks 100'], address: '--ledger' },
  hops: { sizes: ['--ledgers mongodb', '--ledgers mongodb --rounds 1 --tasks 40'], address: '--mongodb' },
  recovery: { sizes: ['--faults kill,drain', '--faults kill,drain --victims 1'], address: '--ledger' },
  idle: { sizes: ['--peers 5', '--peers 3 --seconds 5'], address: '--ledger' },
}

export function planAll({ only, quick, mongodb, rivals, 'rivals-dir': folder }: Asked): Planned[] {
  const sized = (sizes: Sizes): string[] => sizes[quick ? 1 : 0].split(' ').filter(word => word !== '')
  const besides = rivals ? ['--rivals', ...(folder === '' ? [] : ['--rivals-dir', folder])] : []
  return only.flatMap(name => {
    const planned: Planned[] = [
      { title: name, words: [name, ...sized(LOCAL[name]), ...(name === 'tasks' ? besides : [])] },
    ]
    const mongo = ON_MONGODB[name]
    if (mongo === undefined || mongodb === '') return planned
    return [...planned, { title: `${name} on MongoDB`, words: [name, ...sized(mongo.sizes), mongo.address, mongodb] }]
  })
}
