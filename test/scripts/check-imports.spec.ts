import assert from 'node:assert/strict'
import { findViolations } from '../../scripts/import-rule.ts'
import { readSource } from '../../scripts/read-imports.ts'

describe('the import rule', () => {
  const violations = (files: Record<string, string>) => findViolations(new Map(Object.entries(files)))
  const messageOf = (file: string, specifier: string) =>
    violations({ [file]: `\nimport { x } from '${specifier}'` }).map(({ line, message }) => `${line}: ${message}`)

  const allowed: [string, string][] = [
    ['src/tasks/run-task.ts', '../workflow/task.ts'],
    ['src/tasks/run-task.ts', './make-store.ts'],
    ['src/tasks/run-task.ts', '../../protocols/msgpack.ts'],
    ['protocols/msgpack.ts', '../src/core/errors.ts'],
    ['src/ledger/sqlite/open.ts', '../ledger.ts'],
    ['src/supervisor/claim-loop.ts', '../ledger/ledger.ts'],
    ['src/node/start-node.ts', '../ledger/sqlite/sqlite-ledger.ts'],
    ['src/index.ts', './node/start-node.ts'],
    ['src/mesh/libp2p/node.ts', '@libp2p/tcp'],
    ['src/mesh/libp2p/node.ts', 'libp2p'],
    ['cli/commands/demo.ts', '../../src/index.ts'],
    ['cli/commands/demo.ts', '../base-command.ts'],
    ['cli/demo/demo.ts', '../../examples/phasid/profile.ts'],
    ['cli/commands/demo.ts', '@oclif/core'],
    ['examples/phasid/phasid.ts', 'lightflow'],
    ['examples/phasid/phasid.ts', 'node:fs'],
    ['examples/phasid/readers/csv.ts', '../profile.ts'],
  ]
  for (const [file, specifier] of allowed) {
    it(`lets ${file} import ${specifier}`, () => assert.deepEqual(messageOf(file, specifier), []))
  }

  const forbidden: [string, string, RegExp][] = [
    ['src/core/errors.ts', '../../protocols/ids.ts', /^2: .*core stands alone/],
    ['src/workflow/dag.ts', '../tasks/run-task.ts', /^2: .*upwards from src\/tasks.*lower floor/],
    ['src/workers/run-job.ts', '../payload/payload-store.ts', /sideways from src\/payload/],
    ['src/supervisor/claim-loop.ts', '../ledger/sqlite/sqlite-ledger.ts', /only its port src\/ledger\/ledger\.ts/],
    ['src/index.ts', './workers/threads/thread-pool.ts', /only its port/],
    ['src/node/start-node.ts', 'libp2p', /only src\/mesh\/libp2p\//],
    ['src/mesh/members.ts', '@libp2p/interface', /only src\/mesh\/libp2p\//],
    ['src/lease/rank.ts', '@chainsafe/libp2p-gossipsub', /only src\/mesh\/libp2p\//],
    ['cli/commands/demo.ts', '../../src/node/start-node.ts', /export it from src\/index\.ts/],
    ['cli/commands/demo.ts', '../../protocols/ids.ts', /export it from src\/index\.ts/],
    ['src/index.ts', '../cli/base-command.ts', /upwards/],
    ['src/index.ts', '../test/support/eventually.ts', /no room of the house/],
    ['src/attic/old.ts', '../core/errors.ts', /no floor is known/],
    ['src/node/start-node.ts', 'lightflow', /relative path/],
    ['examples/phasid/phasid.ts', '../../src/index.ts', /copied to users/],
    ['examples/phasid/phasid.ts', '../other/other.ts', /copied to users/],
    ['examples/phasid/phasid.ts', 'msgpackr', /copied to users/],
  ]
  for (const [file, specifier, message] of forbidden) {
    it(`keeps ${file} from importing ${specifier}`, () => {
      const found = messageOf(file, specifier)
      assert.equal(found.length, 1)
      assert.match(found[0] ?? '', message)
    })
  }

  it('finds circles of values, however long, and each only once', () => {
    const found = violations({
      'src/lease/a.ts': "import { b } from './b.ts'",
      'src/lease/b.ts': "import { c } from './c.ts'\nimport { d } from './d.ts'",
      'src/lease/c.ts': "export { a } from './a.ts'",
      'src/lease/d.ts': "import { c } from './c.ts'",
    })
    assert.equal(found.length, 1)
    assert.match(
      found[0]?.message ?? '',
      /circle: src\/lease\/a\.ts -> src\/lease\/b\.ts -> src\/lease\/c\.ts -> src\/lease\/a\.ts/,
    )
    const types = {
      'src/lease/a.ts': "import type { B } from './b.ts'",
      'src/lease/b.ts': "import { a } from './a.ts'",
    }
    assert.deepEqual(violations(types), [])
  })

  it('keeps time and chance out of the rooms of decisions', () => {
    for (const call of ['Date.now()', 'performance.now()', 'Math.random()', 'setTimeout(f, 1)', 'setInterval(f, 1)']) {
      const text = `// ${call} in a comment\nexport const hint = '${call}'\nexport const x = ${call}\n`
      for (const room of ['src/core/events.ts', 'src/lease/rank.ts', 'src/workflow/dag.ts']) {
        const found = violations({ [room]: text })
        assert.deepEqual(
          found.map(({ line }) => line),
          [3],
        )
        assert.match(found[0]?.message ?? '', /collaborator/)
      }
      for (const room of ['src/core/clock.ts', 'src/core/random.ts', 'src/supervisor/beat.ts']) {
        assert.deepEqual(violations({ [room]: text }), [])
      }
    }
  })
})

describe('reading imports', () => {
  const specifiers = (text: string) => readSource(text).imports.map(({ line, specifier }) => `${line} ${specifier}`)

  it('finds every form, with its line', () => {
    const text = [
      "import a from './a.ts'",
      "import type { B } from './b.ts'",
      'import {',
      '  c,',
      '  type D,',
      '} from "./c.ts"',
      "import * as e from './e.ts'",
      "import './f.ts'",
      "export * from './g.ts'",
      "export { h } from './h.ts'",
      "const i = await import('./i.ts')",
      "let j: import('./j.ts').J",
      "export type { K } from './k.ts'",
    ]
    assert.deepEqual(specifiers(text.join('\n')), [
      '1 ./a.ts', '2 ./b.ts', '6 ./c.ts', '7 ./e.ts', '8 ./f.ts', '9 ./g.ts', '10 ./h.ts', '11 ./i.ts', '12 ./j.ts', '13 ./k.ts',
    ]) // oxfmt-ignore
    assert.deepEqual(
      readSource(text.join('\n'))
        .imports.filter(one => one.isType)
        .map(one => one.specifier),
      ['./b.ts', './k.ts'],
    )
  })

  it('is not misled by comments, texts, templates or expressions', () => {
    const text = [
      "// import a from './comment.ts'",
      "/* import b from './block.ts'\n */",
      'const c = "import d from \'./text.ts\'"',
      "const e = `import f from './template.ts' ${`${g} import('./inner.ts')`} }`",
      'const h = /[\'"`]/.test(i) ? j / k : l / m',
      "const n = o /* ' */ / p",
      "const q = 'it\\'s'",
      "import r from './real.ts'",
    ]
    assert.deepEqual(specifiers(text.join('\n')), ['9 ./real.ts'])
  })

  it('finds imports in the expressions of templates', () => {
    assert.deepEqual(specifiers("const a = `${await import('./b.ts')} ' ${{ c: '}' }.c}`\nimport './d.ts'"), [
      '1 ./b.ts',
      '2 ./d.ts',
    ])
  })
})
