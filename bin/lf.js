#!/usr/bin/env node
// The `lf` command. Plain JavaScript with nothing but old built-ins at the top: it has to run on an old Node.js far enough to say
// that it is old, or to go on with the one that `npm ci` brought.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const NEEDED = [24, 16]
/** As oclif has them, and as package.json adds to them. */
const VERSION_FLAGS = new Set(['--version', '-V'])
/**
 * Of a peer's own thread: room for objects that live shortly, which V8 lets grow to 128 MB in long runs, nearly all of it garbage. It takes a
 * smaller limit only when a process starts.
 */
const YOUNG_FLAG = '--max-semi-space-size'
const PEER_FLAG = `${YOUNG_FLAG}=16`
/** Who looks into the process means the one that is started, and who has set a limit means that one. */
const OWN_NODE_OPTIONS = /semi[-_]space|inspect|-prof|permission/
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bundledNode = join(root, 'node_modules', '.bin', 'node')

if (isNewEnough(process.versions.node)) {
  becomePeer()
  void start()
} else if (existsSync(bundledNode) && process.env.LF_REEXECUTED === undefined) {
  void reexecute(bundledNode)
} else {
  console.error(
    `lf needs Node.js ${NEEDED.join('.')} or newer; this is v${process.versions.node} (${process.execPath}).\n` +
      `What to do: install Node.js 24, or run \`npm ci\` in a checkout of Lightflow, which brings it.`,
  )
  process.exit(1)
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
}

/** Whether this is to be a peer, to which nobody has given flags of their own. */
function wantsPeerFlag() {
  const [command, ...words] = process.argv.slice(2)
  if (command !== 'node' || words.some(word => word === '--help' || word === '-h')) return false
  return process.execArgv.length === 0 && !OWN_NODE_OPTIONS.test(process.env.NODE_OPTIONS ?? '')
}

/**
 * The same process starts over as a peer with its flag: id, terminal, folder and files stay. Not where there is no such call (Windows), nor
 * where somebody talks to it over a channel, which would be cut; and Node.js ends a process whose program an update has taken away.
 */
function becomePeer() {
  if (!wantsPeerFlag() || process.execve === undefined || process.channel !== undefined) return
  if (process.platform === 'win32' || !existsSync(process.execPath)) return
  process.execve(process.execPath, [process.execPath, PEER_FLAG, ...process.argv.slice(1)], process.env)
}

/** The flag would hold for threads, too, above the limits that they are started with. */
async function freeThreads() {
  if (!process.execArgv.includes(PEER_FLAG)) return
  const { setFlagsFromString } = await import('node:v8')
  setFlagsFromString(`${YOUNG_FLAG}=0`)
}

/** The process that a user sees is the one that began: when that is killed, what it started must not live on as a ghost. */
function endWithStarter() {
  if (process.env.LF_REEXECUTED === undefined || process.channel === undefined) return
  process.channel.unref()
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
}

/** Starts over with another Node.js, hands signals on and ends as it ends. */
async function reexecute(node) {
  // Loading it takes as long as all else of a command that does little.
  const { spawn } = await import('node:child_process')
  const env = Object.assign({}, process.env, { LF_REEXECUTED: '1' })
  const words = [...(wantsPeerFlag() ? [PEER_FLAG] : []), ...process.argv.slice(1)]
  const child = spawn(node, words, { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    console.error(`lf could not start ${node}: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const each of signals) process.removeAllListeners(each)
    process.kill(process.pid, signal)
  })
}

async function start() {
  endWithStarter()
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  if (process.argv.length === 3 && VERSION_FLAGS.has(process.argv[2])) {
    console.log(`${pjson.name}/${pjson.version} ${process.platform}-${process.arch} node-${process.version}`)
    return
  }
  await freeThreads()
  const { enableCompileCache } = await import('node:module')
  enableCompileCache()
  const isCheckout = existsSync(join(root, 'cli', 'commands'))
  const run = (await bundled(isCheckout)) ?? (await sources(isCheckout, pjson))
  // Not awaited: `lf --help | head -1` would end with a warning about an unsettled top-level await.
  run()
}

/** Undefined where the bundle cannot be made, or is broken, and for those who look for what went wrong in the sources. */
async function bundled(isCheckout) {
  if (process.env.LF_BUNDLE === '0' || process.env.LF_DEBUG) return undefined
  try {
    const { keptBundle, noteOf } = await import('./kept-bundle.js')
    const folder = keptBundle(root) ?? (await makeBundle(isCheckout, noteOf(root)))
    const { prepare } = await import(pathToFileURL(join(folder, 'main.js')).href)
    return await prepare(folder)
  } catch {
    return undefined
  }
}

async function makeBundle(isCheckout, note) {
  const maker = isCheckout ? '../src/node/command-bundle.ts' : '../dist/src/node/command-bundle.js'
  const { commandBundle } = await import(maker)
  return commandBundle(root, note)
}

async function sources(isCheckout, pjson) {
  const { isCommandListFresh, keepCommandList } = await import('./command-list.js')
  const { Config, execute, settings } = await import('@oclif/core')
  // Node.js runs the TypeScript of a checkout by itself: oclif must not look for a transpiler.
  settings.enableAutoTranspile = false
  const source = isCheckout ? './cli' : './dist/cli'
  const extension = isCheckout ? 'ts' : 'js'
  pjson.oclif.commands.target = `${source}/commands`
  pjson.oclif.hooks = { command_not_found: `${source}/hooks/command-not-found.${extension}` }
  const loadedMs = Date.now()
  const isListed = !isCheckout || isCommandListFresh(root)
  const config = await Config.load({ root, pjson, ignoreManifest: !isListed })
  if (!isListed) keepCommandList(root, config.plugins.get(pjson.name)?.manifest, loadedMs)
  return () => void execute({ loadOptions: config })
}
