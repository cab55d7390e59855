import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { layOut, type TreeTask } from '../../../cli/render/task-tree.ts'

const draw = (tasks: TreeTask[]): string[] =>
  layOut(tasks, { unicode: true }).map(({ branch, index, joins }) => {
    const note = joins.length === 0 ? '' : ` (after ${joins.join(', ')})`
    return branch + tasks[index]!.task + note
  })

describe('the tree of a DAG', () => {
  it('hangs a task below the one that it waits for', () => {
    const tasks = [
      { task: 'a', after: [] },
      { task: 'b', after: ['a'] },
      { task: 'c', after: ['b'] },
      { task: 'd', after: ['a'] },
    ]
    assert.deepEqual(draw(tasks), ['a', '├ b', '│ └ c', '└ d'])
  })

  it('puts a join beside the branches that it joins', () => {
    const tasks = [
      { task: 'join', after: ['left', 'right'] },
      { task: 'left', after: ['first'] },
      { task: 'right', after: ['first'] },
      { task: 'first', after: [] },
      { task: 'last', after: ['join'] },
    ]
    assert.deepEqual(draw(tasks), ['first', '├ left', '├ right', '└ join (after left, right)', '  └ last'])
  })

  it('draws a join of separate beginnings at the edge', () => {
    const tasks = [
      { task: 'a', after: [] },
      { task: 'b', after: [] },
      { task: 'c', after: ['a', 'b'] },
    ]
    assert.deepEqual(draw(tasks), ['a', 'b', 'c (after a, b)'])
  })

  it('stops indenting in long chains', () => {
    const chain = Array.from({ length: 100 }, (_, index) => ({
      task: `t${index}`,
      after: index === 0 ? [] : [`t${index - 1}`],
    }))
    assert.ok(layOut(chain, { unicode: true }).every(({ branch }) => branch.length < 30))
  })

  it('shows every task once, whatever the graph, even one that a plan cannot have', () => {
    const graphs = fc.array(fc.array(fc.nat(11), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(graphs, graph => {
        const tasks = graph.map((after, index) => ({ task: `t${index}`, after: after.map(parent => `t${parent}`) }))
        const shown = layOut(tasks, { unicode: true }).map(({ index }) => index)
        assert.deepEqual(
          shown.sort((a, b) => a - b),
          tasks.map((_, index) => index),
        )
      }),
    )
  })
})
