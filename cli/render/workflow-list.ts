/** The workflows that can be started by name, with their options, and the files that cannot be loaded. */
import type { BrokenWorkflowView, WorkflowView } from '../../src/index.ts'
import { symbolOf, TASK_LOOKS, type Surface } from './colours.ts'
import { harmless, pad, truncate, widthOf, wrap } from './text.ts'

const MAX_PROSE_COLUMNS = 100

export interface WorkflowList {
  workflows: WorkflowView[]
  broken: BrokenWorkflowView[]
}

export function workflowList({ workflows, broken }: WorkflowList, surface: Surface): string {
  const { palette } = surface
  if (workflows.length === 0 && broken.length === 0) {
    return `  No workflows here.\n${palette.dim('  They are looked for in ./workflows, in the folders of LF_WORKFLOWS and in --workflows DIR.')}`
  }
  return [...workflows.map(one => workflowBlock(one, surface)), ...broken.map(one => brokenBlock(one, surface))].join(
    '\n\n',
  )
}

function workflowBlock({ name, description, options }: WorkflowView, surface: Surface): string {
  const { palette } = surface
  const prose = Math.min(surface.columns, MAX_PROSE_COLUMNS)
  const usages = options.map(usageOf)
  const usageColumns = Math.min(30, Math.max(0, ...usages.map(widthOf)))
  return [
    `  ${palette.bold(harmless(name))}`,
    ...(description === '' ? [] : [`    ${wrap(harmless(description), prose, 4)}`]),
    ...options.map(({ help, required, default: preset }, index) => {
      const facts = required
        ? 'required'
        : preset === null || preset === ''
          ? ''
          : `default ${harmless(String(preset))}`
      const told = [harmless(help), facts === '' ? '' : `(${facts})`].filter(text => text !== '').join(' ')
      const usage = palette.cyan(pad(truncate(usages[index]!, usageColumns, { ascii: !surface.unicode }), usageColumns))
      return `    ${usage}  ${palette.dim(wrap(told, prose, usageColumns + 6))}`.trimEnd()
    }),
  ].join('\n')
}

function usageOf({ name, type }: WorkflowView['options'][number]): string {
  return `${harmless(name)}=${harmless(type).toUpperCase()}`
}

function brokenBlock({ file, error }: BrokenWorkflowView, surface: Surface): string {
  const prose = Math.min(surface.columns, MAX_PROSE_COLUMNS)
  return [
    `  ${symbolOf(TASK_LOOKS.failed, surface)} ${harmless(file)} ${surface.palette.dim('cannot be loaded')}`,
    `    ${wrap(harmless(error.message), prose, 4)}`,
    ...(error.hint ? [`    ${wrap(`What to do: ${harmless(error.hint)}`, prose, 4)}`] : []),
  ].join('\n')
}
