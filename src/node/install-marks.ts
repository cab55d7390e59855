/** Files that change when what is installed changes. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** npm's list of all that it installed; there is none of what `npm install --global` installs. */
const NPM_LIST = '.package-lock.json'
/** Those of yarn and pnpm. */
const OTHER_LISTS = ['.yarn-integrity', '.yarn-state.yml', '.modules.yaml']

/** All of them are there. `pjson`: the `package.json` that says what is needed; without npm's list, that of each of these tells its version. */
export function installMarks(packages: string, pjson: string | undefined): string[] {
  const list = join(packages, NPM_LIST)
  if (existsSync(list)) return [list]
  const others = OTHER_LISTS.map(name => join(packages, name)).filter(file => existsSync(file))
  if (pjson === undefined || !existsSync(pjson)) return others
  const { dependencies = {} } = JSON.parse(readFileSync(pjson, 'utf8')) as { dependencies?: object }
  const root = dirname(pjson)
  return [...others, ...Object.keys(dependencies).flatMap(name => installed(join(name, 'package.json'), root))]
}

/** Where Node.js would find it. */
function installed(path: string, from: string): string[] {
  const file = join(from, 'node_modules', path)
  if (existsSync(file)) return [file]
  const above = dirname(from)
  return above === from ? [] : installed(path, above)
}
