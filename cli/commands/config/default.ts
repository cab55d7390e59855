import { stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../base-command.ts'
import { UsageError } from '../../error-report.ts'

const FILE_NAME = 'lightflow.env'

export default class ConfigDefault extends BaseCommand<typeof ConfigDefault> {
  static override summary = 'Print all settings with their defaults, or write them to a file.'
  static override description =
    'An environment file for a shell or for systemd (EnvironmentFile=), with every setting explained and none switched on. Settings are environment variables: Lightflow reads no file by itself.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    { command: '<%= config.bin %> <%= command.id %> /etc/lightflow.env', description: 'Write it, and print its path.' },
  ]
  static override args = {
    file: Args.string({ description: `File to write, or a folder: then ${FILE_NAME} in it.` }),
  }
  static override flags = { force: Flags.boolean({ char: 'f', summary: 'Overwrite a file that is there.' }) }

  async run(): Promise<{ text: string; file?: string }> {
    const { defaultSettings } = await import('../../../src/index.ts')
    const text = await defaultSettings()
    if (this.args.file === undefined) {
      this.log(text.trimEnd())
      return { text }
    }
    const file = await this.#write(resolve(this.args.file), text)
    this.log(file)
    return { text, file }
  }

  async #write(given: string, text: string): Promise<string> {
    const isFolder = (await stat(given).catch(() => undefined))?.isDirectory() ?? false
    const file = isFolder ? join(given, FILE_NAME) : given
    try {
      await writeFile(file, text, { flag: this.flags.force ? 'w' : 'wx' })
      return file
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw code === 'EEXIST'
        ? new UsageError(`${file} is there already.`, 'Name another file, or overwrite it with --force.')
        : new UsageError(`${file} cannot be written (${code}).`, 'Name a file in a folder that you may write to.')
    }
  }
}
