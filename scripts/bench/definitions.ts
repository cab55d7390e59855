/** What each bench can be asked for. Nothing heavy is loaded for it: a wrong option is told at once. */
import type { BenchDefinition } from './harness/bench.ts'
import { count, counts, flag, mongoUri, names, type Options, text } from './harness/options.ts'
import { SCENARIO_NAMES } from './scenarios.ts'

/** Keeps the types of the options. */
function define<O extends Options>(definition: BenchDefinition<O>): BenchDefinition<O> {
  return definition
}

const MONGODB = 'LF_TEST_MONGODB_URI'
const MAX_PEERS = 1000
const MAX_ROUNDS = 1000
const MAX_SUBMITTED = 100_000

const rounds = (by: number, what = 'how often each is played; one more before them only warms up') =>
  count(what, { by, max: MAX_ROUNDS })
const mongodb = () =>
  mongoUri('a MongoDB replica set, in which a database is made and dropped again', { variable: MONGODB })
const ledger = () =>
  mongoUri('a MongoDB replica set instead of a SQLite file; a database is made there and dropped again')
const noGossip = () => flag('without hints: what peers tell each other only by the ledger')

const LEDGERS = ['memory', 'sqlite', 'mongodb'] as const

/** A ledger needs its address, and an address its ledger. */
function refuseLedgers(
  { ledgers, mongodb }: { ledgers: readonly string[]; mongodb: string },
  given: ReadonlySet<string | number | symbol>,
): string | undefined {
  const isNamed = ledgers.includes('mongodb')
  if (isNamed && mongodb === '') return `--ledgers mongodb needs --mongodb URI, or $${MONGODB}.`
  if (!isNamed && given.has('mongodb')) return '--mongodb is not used: name the ledger, too, with --ledgers mongodb.'
  return undefined
}

export const tasks = define({
  name: 'tasks',
  summary: 'what a step costs: chains, a fan, bulk, a random DAG; beside BullMQ, Celery and Dask',
  takes: '2 to 6 min',
  options: {
    rounds: count('how often each is played', { by: 5, max: MAX_ROUNDS }),
    'warm-up': count('tasks of each scenario that are played before, in whole rounds', {
      by: 3000,
      max: MAX_SUBMITTED,
    }),
    peers: counts('peers of a mesh; each number is a mesh of its own', { by: [1, 2], max: 20 }),
    ledgers: names('where the state is kept', LEDGERS, { by: ['sqlite'] }),
    mongodb: mongodb(),
    scenarios: names('what is played', SCENARIO_NAMES),
    'bulk-tasks': count('tasks of the bulk', { by: 5000, max: MAX_SUBMITTED }),
    rivals: flag('BullMQ, Celery and Dask take part as far as they are installed; it says how to install what is not'),
    'rivals-dir': text('where BullMQ is, after `npm install --prefix FOLDER bullmq ioredis`', {
      value: 'FOLDER',
      variable: 'LF_BENCH_RIVALS',
    }),
  },
  examples: [
    ['--rivals --rivals-dir FOLDER', 'the table of the README'],
    ['--peers 1,2,4 --ledgers memory,sqlite', 'more peers; in memory it is one process (runLocal) without any'],
    ['--ledgers mongodb --mongodb URI --bulk-tasks 1000 --rounds 2', 'on MongoDB, with the commands that a task costs'],
    ['--scenarios chain,pure-chain --rounds 20 --json out.json', 'steps alone, all figures kept'],
    ['--warm-up 1', 'cold: right after the start, with code that is not compiled yet'],
  ],
  notes: [
    'A figure is the milliseconds from the submission until the submitter knows that all is done: median (smallest to largest), then for each task. All who take part play a scenario in turns, round by round, so that what the machine does besides hits all of them. A process that has just started is slower for some thousand tasks, until its code is compiled; --warm-up 1 tells how slow.',
    'With two peers or more, each of them serves one of the two queues of the alternating chain. BullMQ, Celery and Dask have no tasks declared pure, none for one peer or the other, and no random DAG here.',
  ],
  refuse(values, given) {
    const isPointless = given.has('rivals-dir') && !values.rivals
    return isPointless ? '--rivals-dir is not used without --rivals.' : refuseLedgers(values, given)
  },
})

export const submit = define({
  name: 'submit',
  summary: 'large DAGs: submission, first start, cost per task, memory',
  takes: '2 min',
  options: {
    tasks: counts('tasks of a DAG, in chains of ten; each number is a run of its own', {
      by: [1000, 10_000, 100_000],
      max: MAX_SUBMITTED,
    }),
    peers: count('peers with two places each', { by: 2, max: 20 }),
    rounds: count('how often each is submitted', { by: 1, max: MAX_ROUNDS }),
    ledger: ledger(),
  },
  examples: [
    ['', 'DAGs of 1,000, 10,000 and 100,000 tasks'],
    ['--tasks 1000,10000 --rounds 5 --peers 4', 'medians of five, in turns'],
    ['--tasks 1000,5000 --ledger URI', 'on MongoDB'],
  ],
  notes: [
    'Times count from the call of the client: until it has the id of the run, until a task is claimed, until all are done. "ms per task" is what follows the submission. The latest beat is that of a peer which does nothing else: how long a large DAG holds others up. A run of 1,000 tasks before all others is not counted.',
  ],
})

export const hops = define({
  name: 'hops',
  summary: 'what a step costs a ledger alone, without peers: time, and the commands of MongoDB',
  takes: '10 s',
  options: {
    tasks: count('tasks of the chain, and lanes', { by: 200, max: MAX_SUBMITTED }),
    rounds: rounds(3),
    ledgers: names('which', LEDGERS, { by: ['memory', 'sqlite'] }),
    mongodb: mongodb(),
  },
  examples: [
    ['', 'in memory and on SQLite'],
    ['--ledgers mongodb --mongodb URI --tasks 100 --rounds 1', 'commands by what they are for'],
  ],
  notes: [
    'The chain hands each task on to the next; the lanes are claimed and completed 20 at a time, before a join. A command of MongoDB is a round trip to the server, and a write waits for a majority.',
  ],
  refuse: refuseLedgers,
})

export const start = define({
  name: 'start',
  summary: 'cold starts: how long commands take that do next to nothing, beside a bare Node.js',
  takes: '1 min',
  options: { rounds: rounds(9) },
  examples: [['--rounds 5', 'wall time and CPU of seven commands, in turns']],
})

const FAULT_NAMES = ['kill', 'restart', 'freeze', 'drain'] as const

export const recovery = define({
  name: 'recovery',
  summary: 'peers killed, restarted, frozen, drained: when their work goes on elsewhere',
  takes: '5 min',
  options: {
    peers: count('peers with four places each', { by: 5, min: 2, max: 20 }),
    rounds: count('how often each peer suffers each fault', { by: 1, max: MAX_ROUNDS }),
    faults: names('which', FAULT_NAMES),
    victims: counts('only these peers, by their number; without it each in its turn', { by: [] }),
    ledger: ledger(),
    hosts: flag(
      'each peer on a host of its own, by its name, so that no lock proves its death; needs root and MongoDB',
    ),
    'no-gossip': noGossip(),
    cold: flag('in a mesh without work before, in which each place must have its thread made first'),
  },
  examples: [
    ['--faults kill', 'on one host, SQLite'],
    ['--faults kill --victims 1,2,3 --hosts --ledger URI', 'on hosts of their own'],
  ],
  notes: [
    'Milliseconds from the fault. known: the ledger says that the peer is dead, or that it has left. supervised: each DAG that it supervised is done, or supervised by another peer. pure, idempotent: tasks that it held run elsewhere; their body has begun there, not only their claim; longest (how many). next: of a drain, tasks after those that it finished while it left, from that end to their claim elsewhere. pauses: the longest time that a ready task of its DAGs waited for a claim. again: a peer of its name claims again, from the start of its new process or from its thawing.',
  ],
  refuse({ peers, victims, hosts, ledger }) {
    const stranger = victims.find(number => number > peers)
    if (stranger !== undefined) return `--victims: there is no peer ${stranger} of ${peers}.`
    return hosts && ledger === '' ? '--hosts needs --ledger URI of a MongoDB: SQLite is for one host.' : undefined
  },
})

export const idle = define({
  name: 'idle',
  summary: 'peers with nothing to do: CPU, memory, traffic, calls of the ledger',
  takes: '2 min',
  options: {
    peers: count('peers with one place each, connected all with all', { by: 20, max: 100 }),
    seconds: count('how long it looks, once all are connected and settled', { by: 30, max: 3600 }),
    ledger: ledger(),
    'no-gossip': noGossip(),
    profile: text('keep a CPU profile of the first peer there, which makes that one slower', { value: 'FOLDER' }),
  },
  examples: [
    ['', 'a mesh of 20'],
    ['--peers 4 --seconds 60', 'a small one, for longer'],
  ],
  notes: [
    'As root the peers of a SQLite ledger get a network namespace of their own, so that all traffic on its loopback is theirs; otherwise traffic is not measured.',
  ],
})

export const mesh = define({
  name: 'mesh',
  summary: 'how far the mesh grows: real supervisors in virtual time, or real connections',
  takes: '3 min; 1,000 peers 10 min',
  options: {
    peers: counts('of a modelled mesh', { by: [10, 50, 200], min: 2, max: MAX_PEERS }),
    'idle-seconds': count('how long it is looked at while at rest', { by: 10, max: 3600 }),
    calls: flag('tell what is asked of the ledger for a task, by operation'),
    links: counts('instead: so many real libp2p meshes on loopback, and what their connections cost', {
      by: [],
      min: 2,
      max: 60,
    }),
  },
  examples: [
    ['--peers 10,50,100,200 --calls', 'what peers ask, say and read'],
    ['--links 10,20,30', 'what connections and messages cost'],
  ],
  notes: [
    'The model has the timing of several hosts: the ledger answers after 4 ms, hints take 3 ms, each message is heard once by everybody. Counts, not times, so the machine does not matter; only CPU is measured.',
  ],
})

const PAYLOAD_RUNS = ['tls', 'tls-files', 'store', 'stream', 'many', 'hints'] as const

export const payload = define({
  name: 'payload',
  summary: 'payloads between two processes, beside a plain TLS socket',
  takes: '2 min, 5 GB of the temporary folder',
  options: {
    mib: count('size of the large payload, in MiB', { by: 1024, max: 64 * 1024 }),
    rounds: count('how often', { by: 2, max: MAX_ROUNDS }),
    only: names('what is played', PAYLOAD_RUNS),
  },
  examples: [
    ['--mib 256', 'a smaller one'],
    ['--only hints', 'what large payloads do to hints and beats'],
  ],
})

export const sqlite = define({
  name: 'sqlite',
  summary: 'a SQLite ledger under processes that all want to write at once, and whether each task was done once',
  takes: '90 s',
  options: {
    processes: count('how many', { by: 8, max: 100 }),
    seconds: count('for how long', { by: 60, max: 24 * 3600 }),
    capacity: count('tasks that one holds at a time', { by: 8, max: 1000 }),
    'beat-ms': count('milliseconds between the beats of one', { by: 1000, max: 60_000 }),
    folder: text('where the ledger is made; without it the folder for temporary files', { value: 'FOLDER' }),
  },
  examples: [['--processes 4 --seconds 10', 'a short look']],
})

const ALL_NAMES = ['tasks', 'submit', 'hops', 'start', 'recovery', 'idle', 'mesh', 'payload', 'sqlite'] as const

export const all = define({
  name: 'all',
  summary: 'all of these, one after the other, on each ledger that is there, as one report',
  takes: '20 min; --quick 3 min',
  options: {
    only: names('these alone', ALL_NAMES),
    quick: flag('small and short: to see that all of them work, not for figures'),
    mongodb: mongodb(),
    rivals: flag('as in `tasks`'),
    'rivals-dir': text('as in `tasks`', { value: 'FOLDER', variable: 'LF_BENCH_RIVALS' }),
  },
  examples: [
    ['--json all.json --markdown > all.md', 'all figures, and a report to read'],
    ['--quick', 'whether everything works'],
    ['--only tasks,recovery --mongodb URI', 'some, on SQLite and on MongoDB'],
  ],
  refuse: ({ rivals }, given) =>
    given.has('rivals-dir') && !rivals ? '--rivals-dir is not used without --rivals.' : undefined,
})
