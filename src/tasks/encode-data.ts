import { hasCode, isLightflowError, LightflowError } from '../core/errors.ts'
import { encodeDataset } from '../../protocols/dataset.ts'
import type { MultiTaskData } from '../workflow/multi-task-data.ts'

/**
 * All datasets as one, encoded; `data` stays as it is. Throws `LF_ENCODE` naming the key of what cannot be passed on, and
 * `LF_VALUE_TOO_LARGE`. `whose` opens the message, `contributor` is added to the history.
 */
export function encodeData(whose: string, data: MultiTaskData, contributor?: string): Uint8Array {
  const flat = data.flatten({ inPlace: false }).dataset()
  const history = contributor === undefined ? flat.taskHistory : [...flat.taskHistory, contributor]
  try {
    return encodeDataset({ data: flat.data, history: [...history] })
  } catch (error) {
    if (!isLightflowError(error) || !hasCode(error, 'LF_ENCODE')) throw error
    const { hint, facts } = error
    const place = String(facts['place']).replace(/^data\./, '')
    const message = `${whose} cannot be passed on: "${place}" is ${String(facts['what'])}.`
    throw new LightflowError('LF_ENCODE', message, { hint, facts, cause: error })
  }
}
