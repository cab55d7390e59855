/**
 * Find the diffraction peaks in SAXS profiles, infer the space group, draw the phase diagram.
 *
 * list -> fan -> collect, with one `identify` DAG per profile: how many there are is only known when the folder has been
 * read, so `fan` starts them at run time and waits for all of them. They run wherever a peer has free capacity.
 */
import { mkdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Dag, FunctionTask, Option, Parameters } from 'lightflow'
import { analyseProfile, type ResultRow } from './analyse-profile.ts'
import { findProfiles } from './find-profiles.ts'
import { drawPhaseDiagram } from './phase-diagram.ts'
import { summarise, toCsv, toJson } from './results.ts'
import type { Sample } from './sample-name.ts'
import { readSampleTable } from './sample-table.ts'
import { toSettings, type Settings } from './settings.ts'
import { writeFileAtomically } from './write-file-atomically.ts'

export const options = new Parameters([
  new Option('folder', {
    type: 'path',
    help: 'Folder with the profiles (.dat, .csv, .pdh, .xml), as every peer sees it',
  }),
  new Option('unit', { default: '', help: 'Unit of q in files that do not state it: 1/A or 1/nm' }),
  new Option('instrument', { default: 'synchrotron', help: 'Preset for qmin, qmax and broad: synchrotron or lab' }),
  new Option('qmin', { type: 'float', default: 0, help: 'Start of the q range to search, 1/A (0: as the preset)' }),
  new Option('qmax', { type: 'float', default: 0, help: 'End of the q range to search, 1/A (0: as the preset)' }),
  new Option('broad', { type: 'float', default: 0, help: 'FWHM/q from which a peak is a hump (0: as the preset)' }),
  new Option('qscale', { type: 'float', default: 1, help: 'Calibration: q_true = qscale * q + qoffset' }),
  new Option('qoffset', { type: 'float', default: 0, help: 'Calibration: offset in the unit of the file' }),
  new Option('phases', { default: '', help: 'Phases to consider, such as La,H,Ia3d (default: all known)' }),
  new Option('exposure', {
    type: 'float',
    default: 0,
    help: 'Seconds to wait per profile, to watch a run at beamline pace',
  }),
  new Option('output', {
    type: 'path',
    default: '',
    help: 'Folder for the results (default: <folder>/phasid-results)',
  }),
])

type Job = { path: string; index: number; sample: Sample; settings: Settings }

/** Zero padded, so that the rows of the store sort like the files. */
const rowKey = (index: number) => `rows.${String(index).padStart(6, '0')}`

const list = new FunctionTask(
  'list',
  async ({ data, store }) => {
    const settings = toSettings({
      unit: await store.get('unit', ''),
      instrument: await store.get('instrument', 'synchrotron'),
      qmin: await store.get('qmin', 0),
      qmax: await store.get('qmax', 0),
      broad: await store.get('broad', 0),
      qscale: await store.get('qscale', 1),
      qoffset: await store.get('qoffset', 0),
      phases: await store.get('phases', ''),
    })
    const folder: string = resolve(await store.get('folder'))
    const paths = await findProfiles(folder)
    const sampleOf = await readSampleTable(folder)
    const jobs = paths.map((path, index): Job => ({ path, index, sample: sampleOf(basename(path)), settings }))
    data.set('folder', folder)
    data.set('settings', settings)
    data.set('jobs', jobs)
  },
  { effect: 'pure', retries: 1 },
)

const fan = new FunctionTask('fan', async ({ data, signal }) => {
  const names: string[] = []
  for (const job of data.get<Job[]>('jobs')) names.push(await signal.startDag(identify, { job }))
  await signal.joinDags(names)
})

const collect = new FunctionTask('collect', async ({ data, store }) => {
  const folder = data.get<string>('folder')
  const byKey: Record<string, ResultRow> = await store.get('rows', {})
  const rows = Object.entries(byKey)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row)
  const missing = data.get<Job[]>('jobs').length - rows.length
  if (missing > 0) throw new Error(`${missing} profiles have no row: look at their identify DAGs, then start again.`)
  const output = resolve((await store.get('output', '')) || join(folder, 'phasid-results'))
  await mkdir(output, { recursive: true })
  await writeFileAtomically(join(output, 'results.csv'), toCsv(rows))
  await writeFileAtomically(join(output, 'results.json'), toJson(rows, data.get<Settings>('settings')))
  await writeFileAtomically(join(output, 'phase-diagram.svg'), drawPhaseDiagram(rows, basename(folder)))
  data.delete('jobs')
  const summary = summarise(rows)
  console.log(`${rows.length} profiles identified; table and phase diagram are in ${output}`)
  for (const [phase, count] of Object.entries(summary)) console.log(`${String(count).padStart(6)}  ${phase}`)
  data.set('output', output)
  data.set('summary', summary)
})

/** One profile, from its file to its row. Repeating it writes the same row under the same key. */
const identifyProfile = new FunctionTask(
  'identify_profile',
  async ({ data, store, signal }) => {
    const { path, index, sample, settings } = data.get<Job>('job')
    const exposureMs = 1000 * (await store.get('exposure', 0))
    if (exposureMs > 0) await sleep(exposureMs, undefined, { signal: signal.abort })
    await store.set(rowKey(index), await analyseProfile(path, sample, settings))
  },
  { effect: 'idempotent', retries: 2 },
)

export const main = new Dag('phasid')
main.define([
  [list, fan],
  [fan, collect],
])

export const identify = new Dag('identify', { autostart: false })
identify.define([identifyProfile])
