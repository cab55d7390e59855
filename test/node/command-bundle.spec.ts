/** Real commands, in a copy of this checkout with a cache of its own. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { packagesAbove } from '../../src/node/cached-bundle.ts'

const ROOT = join(import.meta.dirname, '..', '..')

describe('the bundle of the commands', function () {
  this.timeout(120_000)
  let root: string
  let cache: string
  let keptBundle: (root: string) => string | undefined

  before(async () => {
    const kept = new URL('../../bin/kept-bundle.js', import.meta.url).href
    ;({ keptBundle } = (await import(kept)) as { keptBundle: typeof keptBundle })
    root = mkdtempSync(join(tmpdir(), 'lightflow-test-'))
    for (const part of ['bin', 'cli', 'src', 'protocols', 'examples', 'package.json'])
      cpSync(join(ROOT, part), join(root, part), { recursive: true })
    const packages = packagesAbove(ROOT) ?? ''
    mkdirSync(join(root, 'node_modules'))
    for (const name of readdirSync(packages).filter(each => each !== '.cache'))
      symlinkSync(join(packages, name), join(root, 'node_modules', name))
    cache = join(root, 'node_modules', '.cache', 'lightflow')
  })

  after(() => rmSync(root, { recursive: true }))

  it('says and does what the sources say and do', () => {
    const commands = [
      ['--help'],
      ['workflow'],
      ['workflow', 'start', '--help'],
      ['help', 'mesh', 'status'],
      ['workflow', 'strt', '--json'],
      ['workflow', 'status', '--loud'],
      ['mesh', 'status'],
      ['autocomplete', 'script', 'bash'],
    ]
    for (const args of commands) {
      const [one, other] = [lf(args), lf(args, { LF_BUNDLE: '0' })]
      assert.deepEqual(one, other, args.join(' '))
    }
    assert.equal(bundles().length, 1)
  })

  it('loads workflows with the library that it has itself', () => {
    const list = lf(['workflow', 'list', '--json', '--workflows', join(root, 'examples')])
    assert.deepEqual(
      list,
      lf(['workflow', 'list', '--json', '--workflows', join(root, 'examples')], { LF_BUNDLE: '0' }),
    )
    const { workflows, broken } = JSON.parse(list.stdout) as { workflows: unknown[]; broken: unknown[] }
    assert.deepEqual([workflows.length > 5, broken], [true, []])
    assert.equal(lf(['workflow', 'start', join(root, 'examples', 'simple.ts')]).exit, 0)
  })

  it('is made anew when a command changes or comes', () => {
    const file = join(root, 'cli', 'commands', 'monitor.ts')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(/summary = '[^']+'/, "summary = 'Quite another one.'"))
    assert.match(lf(['--help']).stdout, /monitor +Quite another one\./)
    writeFileSync(join(dirname(file), 'monitor2.ts'), text)
    assert.match(lf(['--help']).stdout, /monitor2 /)
    rmSync(join(dirname(file), 'monitor2.ts'))
    assert.doesNotMatch(lf(['--help']).stdout, /monitor2 /)
    writeFileSync(file, text)
  })

  it('is done without when it is broken, or cannot be made', () => {
    const help = lf(['--help'])
    const [name = ''] = bundles()
    writeFileSync(join(cache, name, 'plugins.json'), '[')
    for (const each of bundles()) writeFileSync(join(cache, each, 'main.js'), 'export const nothing = 1')
    assert.deepEqual(lf(['--help']), help)
    rmSync(cache, { recursive: true })
    writeFileSync(cache, 'a file where a folder should be')
    assert.deepEqual(lf(['--help']), help)
    rmSync(cache)
  })

  it('is made anew when a file of it is gone or cut short', () => {
    const before = bundled(['--help'])
    const [name = ''] = bundles()
    const { size, ino } = statSync(join(cache, name, 'main.js'))
    truncateSync(join(cache, name, 'main.js'), 100)
    rmSync(join(cache, name, 'commands'), { recursive: true })
    assert.deepEqual(bundled(['--help']), before)
    assert.equal(lf(['config', 'list']).exit, 0)
    const made = statSync(join(cache, name, 'main.js'))
    assert.equal(made.size, size)
    assert.notEqual(made.ino, ino)
  })

  it('is made and kept without a list of what is installed, and made anew when a package that it needs changes', () => {
    const list = join(root, 'node_modules', '.package-lock.json')
    const to = readlinkSync(list)
    rmSync(list)
    bundled(['--help'])
    const { length } = bundles()
    bundled(['--help'])
    assert.equal(bundles().length, length)
    const pages = join(root, 'node_modules', 'log-update')
    const from = readlinkSync(pages)
    rmSync(pages)
    cpSync(from, pages, { recursive: true })
    utimesSync(join(pages, 'package.json'), 1, 1)
    bundled(['--help'])
    assert.equal(bundles().length, length + 1)
    rmSync(pages, { recursive: true })
    symlinkSync(from, pages)
    symlinkSync(to, list)
  })

  it('works where the folder of packages is a link', () => {
    const elsewhere = join(root, 'packages')
    renameSync(join(root, 'node_modules'), elsewhere)
    symlinkSync(elsewhere, join(root, 'node_modules'))
    const [one, other] = [lf(['config', 'list']), lf(['config', 'list'], { LF_BUNDLE: '0' })]
    assert.deepEqual(one, other)
    assert.equal(one.exit, 0)
    assert.deepEqual(keptBundle(root)?.startsWith(join(elsewhere, '.cache')), true)
  })

  const bundles = () => readdirSync(cache).filter(name => name.startsWith('commands-') && !name.endsWith('.json'))

  /** It left a bundle that the next command runs from. */
  function bundled(args: string[]): ReturnType<typeof lf> {
    const result = lf(args)
    assert.ok(keptBundle(root))
    return result
  }

  function lf(
    args: string[],
    env: Record<string, string> = {},
  ): { exit: number | null; stdout: string; stderr: string } {
    const home = join(root, 'home')
    const own = { ...process.env, NO_COLOR: '1', LF_LEDGER: '', LF_HOME: home, XDG_CACHE_HOME: home, ...env }
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin', 'lf.js'), ...args], {
      env: own,
      cwd: root,
      encoding: 'utf8',
    })
    return { exit: status, stdout, stderr }
  }
})
