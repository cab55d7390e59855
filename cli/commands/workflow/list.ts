import { Flags } from '@oclif/core'
import type { BrokenWorkflowView, WorkflowView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'

export default class WorkflowList extends BaseCommand<typeof WorkflowList> {
  static override summary = 'List the workflows that can be started by name.'
  static override description =
    'Shows each workflow with its description and its options, and the files that look like workflows and cannot be loaded.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --workflows ~/beamline/workflows',
  ]
  static override flags = {
    workflows: Flags.string({
      summary:
        'Folder with workflows; may be given several times. Default: LF_WORKFLOWS, else ./workflows and ./examples.',
      helpValue: 'DIR',
      multiple: true,
      multipleNonGreedy: true,
    }),
  }

  async run(): Promise<{ workflows: WorkflowView[]; broken: BrokenWorkflowView[] }> {
    const { workflowList } = await import('../../render/workflow-list.ts')
    const client = await this.client()
    const list = await client.workflows()
    this.log(workflowList(list, this.surface()))
    return list
  }
}
