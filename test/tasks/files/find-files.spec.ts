import assert from 'node:assert/strict'
import { symlink } from 'node:fs/promises'
import { GlobTask, type GlobTaskOptions } from '../../../src/tasks/glob-task.ts'
import { WalkTask } from '../../../src/tasks/walk-task.ts'
import type { WalkEntry, WalkTaskOptions } from '../../../src/tasks/walk-task.ts'
import { Action } from '../../../src/workflow/action.ts'
import { dataOf, input, NotingHost } from '../attempts.ts'
import { attempt, TestFolder, told } from './file-tasks.ts'

let folder: TestFolder
describe('tasks that find files', () => {
  beforeEach(() => {
    folder = new TestFolder()
  })
  afterEach(() => folder.remove())

  const SCAN = {
    'scan/b_2.tif': 'bb',
    'scan/a_1.tif': 'a',
    'scan/notes.txt': 'notes',
    'scan/.hidden.tif': '',
    'scan/raw/c_3.tif': 'ccc',
    'scan/raw/deep/d_4.cbf': 'dddd',
    'scan/.snapshot/old_5.tif': '',
  }

  describe('GlobTask', () => {
    beforeEach(() => folder.make(SCAN))

    const found = async (options: Partial<GlobTaskOptions>): Promise<unknown> => {
      const task = new GlobTask('find', { paths: folder.at('scan'), absolute: false, ...options })
      const result = await attempt(task)
      assert.equal(result.error, null)
      return dataOf(result)?.['files']
    }

    it('puts all files of a folder into the data, by name, without hidden ones and folders', async () => {
      assert.deepEqual(await found({}), ['a_1.tif', 'b_2.tif', 'notes.txt'])
    })

    it('gives absolute paths, unless told otherwise', async () => {
      const expected = ['a_1.tif', 'b_2.tif'].map(name => folder.at('scan', name))
      assert.deepEqual(await found({ pattern: '*.tif', absolute: true }), expected)
    })

    it('recursive: looks in every folder below, hidden ones left out', async () => {
      assert.deepEqual(await found({ pattern: '*.{tif,cbf}', recursive: true }), [
        'a_1.tif',
        'b_2.tif',
        'raw/c_3.tif',
        'raw/deep/d_4.cbf',
      ])
    })

    it('takes patterns with folders, lists of them, and such for hidden files', async () => {
      assert.deepEqual(await found({ pattern: 'r*/*.tif' }), ['raw/c_3.tif'])
      assert.deepEqual(await found({ pattern: '**/*_[34].*' }), ['raw/c_3.tif', 'raw/deep/d_4.cbf'])
      assert.deepEqual(await found({ pattern: ['*.txt', '.*.tif'] }), ['.hidden.tif', 'notes.txt'])
      assert.deepEqual(await found({ pattern: '.snapshot/*' }), ['.snapshot/old_5.tif'])
    })

    it('exclude: leaves out names and whole folders', async () => {
      assert.deepEqual(await found({ recursive: true, exclude: ['b_*', 'raw/deep'] }), [
        'a_1.tif',
        'notes.txt',
        'raw/c_3.tif',
      ])
    })

    it('looks in several folders, one after the other', async () => {
      const paths = [folder.at('scan', 'raw'), folder.at('scan')]
      assert.deepEqual(await found({ paths, pattern: '*.tif' }), ['c_3.tif', 'a_1.tif', 'b_2.tif'])
    })

    it('type: folders, or anything', async () => {
      assert.deepEqual(await found({ type: 'folder' }), ['raw'])
      assert.deepEqual(await found({ type: 'any', pattern: '[nr]*' }), ['notes.txt', 'raw'])
    })

    it('counts a link to a file as one, not one to nothing, and does not enter a link to a folder', async () => {
      await symlink(folder.at('scan', 'notes.txt'), folder.at('scan', 'z-link'))
      await symlink('/nonexistent', folder.at('scan', 'z-broken'))
      await symlink(folder.at('scan', 'raw'), folder.at('scan', 'z-raw'))
      assert.deepEqual(await found({ recursive: true, pattern: ['z-*', 'c_*'] }), ['raw/c_3.tif', 'z-link'])
    })

    it('takes its options from the data, and hands the files to a callback, which may return an Action', async () => {
      const seen: unknown[] = []
      const task = new GlobTask('find', {
        paths: data => data.get<string>('where'),
        pattern: data => data.get<string>('what'),
        callback: ({ files, data, context }) => {
          seen.push(files, context.taskName)
          return new Action(data, { limit: [] })
        },
      })
      const result = await attempt(task, { inputs: [input('put', { where: folder.at('scan'), what: '*.txt' })] })
      assert.deepEqual(seen, [[folder.at('scan', 'notes.txt')], 'find'])
      assert.deepEqual([result.outcome, result.limit, dataOf(result)?.['files']], ['done', [], undefined])
    })

    it('fails for a folder that does not exist, and says what to look at', async () => {
      const { outcome, error } = await attempt(new GlobTask('find', { paths: folder.at('scam') }))
      const message = `The task "find" could not list "${folder.at('scam')}": it does not exist.`
      assert.deepEqual(
        [outcome, error?.code, error?.message, error?.hint],
        ['failed', 'LF_FILE_MISSING', message, 'Is the share mounted on this peer, under this path?'],
      )
    })

    it('refuses relative paths where they are written, and when a function gives them', async () => {
      assert.throws(() => new GlobTask('find', { paths: ['/data', 'scan'] }), {
        code: 'LF_TASK_OPTIONS',
        message:
          'The task "find" needs an absolute path (one that begins with "/"), or a list of them, as "paths", but got an array.',
      })
      const result = await attempt(new GlobTask('find', { paths: () => 'scan' }))
      assert.equal(result.error?.code, 'LF_TASK_PARAMETER')
    })

    it('refuses patterns that could find nothing, where they are written, and when a function gives them', async () => {
      for (const pattern of ['./*.tif', 'a/', '/a', 'a//b', 'a/./b', '.', '', '{./a,b}', '{a,../b}', 'a/..']) {
        const wrong = { code: 'LF_TASK_OPTIONS', message: /without '\.\/', '\.\.\/', and a slash at its end/ }
        assert.throws(() => new GlobTask('find', { paths: '/data', pattern: ['*', pattern] }), wrong, pattern)
        assert.throws(() => new GlobTask('find', { paths: '/data', exclude: pattern }), wrong, pattern)
      }
      const result = await attempt(new GlobTask('find', { paths: folder.at('scan'), pattern: () => './*.tif' }))
      assert.equal(result.error?.code, 'LF_TASK_PARAMETER')
      assert.deepEqual(await found({ pattern: ['{raw/,}c_3.tif', '.h*', 'n*.{txt,}'] }), [
        '.hidden.tif',
        'notes.txt',
        'raw/c_3.tif',
      ])
    })

    it('refuses patterns that lead out of the folder, and options that it does not have', () => {
      assert.throws(() => new GlobTask('find', { paths: '/data', pattern: '../*' }), { code: 'LF_TASK_OPTIONS' })
      assert.throws(() => new GlobTask('find', { paths: '/data', patern: '*' } as never), {
        code: 'LF_TASK_OPTIONS',
        hint: /pattern/,
      })
      assert.throws(() => new GlobTask('find', {} as never), { message: /needs an absolute path .* got undefined/ })
      assert.throws(() => new GlobTask('find', { paths: '/data', callback: 'x' as never }), { message: /a function/ })
    })
  })

  describe('WalkTask', () => {
    beforeEach(() => folder.make(SCAN))

    const walked = async (options: Partial<WalkTaskOptions>): Promise<WalkEntry[]> => {
      const entries: WalkEntry[] = []
      const callback: WalkTaskOptions['callback'] = ({ entry }) => void entries.push(entry)
      const result = await attempt(new WalkTask('walk', { path: folder.at('scan'), callback, ...options }))
      assert.equal(result.error, null)
      return entries
    }

    it('calls for each file of a folder, in order of name, with its size', async () => {
      const entries = await walked({})
      assert.deepEqual(
        entries.map(({ name, bytes, kind }) => [name, bytes, kind]),
        [
          ['.hidden.tif', 0, 'file'],
          ['a_1.tif', 1, 'file'],
          ['b_2.tif', 2, 'file'],
          ['notes.txt', 5, 'file'],
        ],
      )
      assert.ok(entries[0]?.modified instanceof Date)
    })

    it('recursive: goes through all folders below, but for those that are excluded', async () => {
      const entries = await walked({ recursive: true, exclude: '.*' })
      assert.deepEqual(
        entries.map(({ relative }) => relative),
        ['a_1.tif', 'b_2.tif', 'notes.txt', 'raw/c_3.tif', 'raw/deep/d_4.cbf'],
      )
    })

    it('tells of links and does not follow them', async () => {
      await symlink(folder.at('scan', 'raw'), folder.at('scan', 'loop'))
      const entries = await walked({ recursive: true })
      assert.deepEqual(
        entries.filter(({ relative }) => relative.startsWith('loop')).map(({ kind }) => kind),
        ['link'],
      )
    })

    it('passes on what the callback throws, and ends when its DAG is stopped', async () => {
      const callback = (): never => {
        throw new Error('bad frame')
      }
      assert.equal(
        told(await attempt(new WalkTask('walk', { path: folder.at('scan'), callback }))),
        'failed LF_TASK_FAILED: bad frame',
      )
      const stopped = await attempt(new WalkTask('walk', { path: folder.at('scan'), callback }), {
        isStopped: () => true,
      })
      assert.equal(stopped.outcome, 'stopped')
    })

    it('does not take an error of the callback for one of the walk', async () => {
      const callback = (): never => {
        throw Object.assign(new Error('no such frame'), { code: 'ENOENT', path: '/x' })
      }
      const result = await attempt(new WalkTask('walk', { path: folder.at('scan'), callback }))
      assert.equal(told(result), 'failed ENOENT: no such frame')
    })

    it('fails for a folder that does not exist, and needs a callback', async () => {
      const callback = (): void => {}
      const result = await attempt(new WalkTask('walk', { path: folder.at('no'), callback }), {
        host: new NotingHost(),
      })
      assert.equal(result.error?.code, 'LF_FILE_MISSING')
      assert.throws(() => new WalkTask('walk', { path: '/data' } as never), { message: /needs a function/ })
    })
  })
})
