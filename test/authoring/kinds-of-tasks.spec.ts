import assert from 'node:assert/strict'
import {
  Dag,
  FunctionTask,
  Option,
  type ParametersOf,
  runLocal,
  Task,
  type TaskCall,
  TaskData,
  type TaskOptions,
  TaskParameters,
  type TaskTools,
} from '../../src/index.ts'

/** As an author would write it. */
class ScaleTask extends Task {
  override readonly kind = 'scale'
  readonly #parameters: TaskParameters<{ factor: number }>

  constructor(name: string, { factor, ...options }: TaskOptions & ParametersOf<{ factor: number }>) {
    super(name, options)
    this.#parameters = new TaskParameters<{ factor: number }>(
      name,
      { factor },
      { factor: ['a number', Number.isFinite] },
    )
  }

  async run(call: TaskCall, tools: TaskTools): Promise<void> {
    const { factor } = await this.#parameters.evaluate(call)
    tools.output('stdout', `times ${factor}`)
    call.data.set('value', call.data.get<number>('value') * factor)
  }
}

describe('authoring: kinds of tasks', () => {
  it('are classes that extend Task, with options that may be functions of the data', async () => {
    const put = new FunctionTask('put', ({ data }) => {
      data.set('value', 5)
      data.set('factor', 3)
    })
    const double = new ScaleTask('double', { factor: 2, queue: 'fast' })
    const scale = new ScaleTask('scale', { factor: data => data.get<number>('factor') })
    const run = await runLocal(new Dag('main').define([[put, double], [double, scale]])) // oxfmt-ignore
    assert.deepEqual([run.state, run.task('scale').data['value']], ['succeeded', 30])
    assert.deepEqual(run.lines.map(({ task, line }) => `${task}: ${line}`), ['double: times 2', 'scale: times 3']) // oxfmt-ignore
    assert.throws(() => new ScaleTask('wrong', { factor: '2' as never }), { code: 'LF_TASK_OPTIONS' })
  })

  it('are read back as they were written: DAGs, tasks, options', () => {
    const dag = new Dag('scan', { queue: 'graph', autostart: false })
    assert.deepEqual([dag.name, dag.queue, dag.autostart], ['scan', 'graph', false])
    const task = new FunctionTask('fit', () => {}, { queue: 'fast', forceRun: true, propagateSkip: false, priority: 7 })
    const { queue, forceRun, propagateSkip, priority } = task.options
    assert.deepEqual([task.name, queue, forceRun, propagateSkip, priority], ['fit', 'fast', true, false, 7])
    const {
      name,
      type,
      default: preset,
      help,
      required,
    } = new Option('n', { type: 'int', default: '5', help: 'How many' })
    assert.deepEqual([name, type, preset, help, required], ['n', 'int', 5, 'How many', false])
  })

  it('give their data as plain JSON', () => {
    const data = new TaskData({ a: { b: [1, 2] } }, ['put'])
    assert.deepEqual(JSON.parse(JSON.stringify(data)), JSON.parse(JSON.stringify(data.toJSON())))
    assert.match(JSON.stringify(data), /"a":\{"b":\[1,2\]\}/)
  })
})
