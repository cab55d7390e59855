/** The settings in the terminal. Pure: view in, text out. */
import type { SettingsView } from '../../src/index.ts'
import type { Surface } from './colours.ts'
import { harmless, wrap } from './text.ts'

const FROM = { flag: 'given as a flag', environment: 'from the environment', default: 'default' } as const

export function settingsText({ settings, places }: SettingsView, surface: Surface): string {
  const { palette, columns } = surface
  const blocks = settings.map(({ name, value, from, meaning }) => {
    const source = from === 'default' ? palette.dim(FROM[from]) : palette.cyan(FROM[from])
    return [
      `  ${palette.bold(name)}  ${source}`,
      `    ${harmless(value)}`,
      ...`    ${wrap(meaning, columns, 4)}`.split('\n').map(palette.dim),
      '',
    ].join('\n')
  })
  return [...blocks, `  ${palette.dim('Files of tasks and payloads:')} ${harmless(places.files)}`].join('\n')
}
