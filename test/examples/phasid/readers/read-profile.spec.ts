import assert from 'node:assert/strict'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { PhasidError } from '../../../../examples/phasid/phasid-error.ts'
import { maxRows } from '../../../../examples/phasid/profile.ts'
import { maxFileBytes, parseProfile, readProfile } from '../../../../examples/phasid/readers/read-profile.ts'

const inAngstrom = { unit: '1/A' } as const

/** Rows 0.01, 0.02 … with intensity 100 − row and error 1. */
function rows(count: number, write: (q: number, intensity: number, sigma: number) => string): string[] {
  return Array.from({ length: count }, (_, row) => write((row + 1) / 100, 100 - row, 1))
}

const blanks = (...values: number[]) => values.map(value => value.toExponential(6)).join('   ')
const commas = (...values: number[]) => values.join(',')

describe('reading a .dat profile', () => {
  it('takes every line whose first tokens are numbers, as scatterBrain writes them', () => {
    const text = ['P1A10_C1_PH3_0363.dat', '      q      I      Err', ...rows(30, blanks)].join('\n')
    const profile = parseProfile('a.dat', text, inAngstrom)
    assert.equal(profile.q.length, 30)
    assert.deepEqual([profile.q[0], profile.intensity[0], profile.sigma?.[0]], [0.01, 100, 1])
    assert.equal(profile.unitSource, 'parameter')
  })

  it('refuses to guess the unit, but says what it looks like', () => {
    const text = rows(150, (q, intensity) => blanks(q * 10, intensity)).join('\n')
    assert.throws(() => parseProfile('a.dat', text), { code: 'PHASID_UNIT_UNKNOWN', hint: /looks like 1\/nm/ })
  })

  it('takes the unit from the heading when there is one', () => {
    const text = ['# q(1/nm)  I  sigma', ...rows(30, blanks)].join('\n')
    const profile = parseProfile('a.dat', text, inAngstrom)
    assert.equal(profile.unitSource, 'file')
    assert.equal(profile.q[0], 0.001)
  })

  it('warns when q in the given unit would be unusual', () => {
    const text = rows(700, blanks).join('\n')
    assert.match(parseProfile('a.dat', text, inAngstrom).warnings.join(), /unusual: is the unit really/)
    assert.deepEqual(parseProfile('a.dat', text, { unit: '1/nm' }).warnings, [])
  })

  it('applies the q calibration in the unit of the file', () => {
    const text = rows(30, (q, intensity) => blanks(q * 100, intensity)).join('\n')
    const { q } = parseProfile('a.dat', text, { unit: '1/nm', qScale: 1.01799, qOffset: 0.00862 })
    assert.ok(Math.abs(q[0]! - 0.102661) < 1e-9)
  })

  it('does without an error column, and without one full of zeros', () => {
    const two = rows(30, (q, intensity) => blanks(q, intensity)).join('\n')
    const zeros = rows(30, (q, intensity) => blanks(q, intensity, 0)).join('\n')
    assert.equal(parseProfile('a.dat', two, inAngstrom).sigma, undefined)
    assert.equal(parseProfile('a.dat', zeros, inAngstrom).sigma, undefined)
  })

  it('sorts by q and leaves out repeated and non-positive q', () => {
    const text = [...rows(30, blanks).toReversed(), blanks(0.01, 5, 1), blanks(0, 9e9, 1), blanks(-0.1, 1, 1)].join(
      '\n',
    )
    const profile = parseProfile('a.dat', text, inAngstrom)
    assert.equal(profile.q.length, 30)
    assert.ok(profile.q.every((q, at) => at === 0 || q > profile.q[at - 1]!))
    assert.match(profile.warnings.join(), /3 rows left out/)
  })
})

describe('reading a .csv profile', () => {
  it('drops rows of NaN and says how many', () => {
    const text = ['q,I,sigma', ...rows(30, commas), '0.5,NaN,NaN', '0.6,nan,1', '0.7,,'].join('\n')
    const profile = parseProfile('a.csv', text, inAngstrom)
    assert.equal(profile.q.length, 30)
    assert.match(profile.warnings.join(), /2 rows left out/)
  })

  it('reads semicolons with decimal commas', () => {
    const text = rows(30, (...values) =>
      commas(...values)
        .replaceAll(',', ';')
        .replaceAll('.', ','),
    ).join('\r\n')
    assert.equal(parseProfile('a.csv', text, inAngstrom).q[4], 0.05)
  })

  it('reads a file with a byte order mark and quoted cells', () => {
    const text = `\uFEFF${rows(30, (...values) => values.map(value => `"${value}"`).join(',')).join('\n')}`
    assert.equal(parseProfile('A.CSV', text, inAngstrom).q.length, 30)
  })
})

describe('reading a .pdh profile', () => {
  const footer = [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<fileinfo><column key="X"><value key="unit">n_m^-1</value></column>',
    '<column key="Y"><value key="unit">u_m^-2</value></column>',
    '<parameter key="Wavelength"><value key="unit">A^-1</value></parameter></fileinfo>',
  ]
  const constants = '  0.000000E+00   3.068000E+02   0.000000E+00   1.000000E+00   1.542000E-01'
  const header = (title: string, count: number) => [title, 'SAXS BOX', `   ${count}   0   0`, constants, constants]

  it('copes with an empty first line, a promise of too many rows and the XML footer with the unit', () => {
    const text = [...header('', 44), ...rows(30, blanks), ...footer].join('\r\n')
    const profile = parseProfile('a.pdh', text)
    assert.equal(profile.q.length, 30)
    assert.equal(profile.unitSource, 'file')
    assert.equal(profile.q[0], 0.001)
    assert.match(profile.warnings.join(), /promises 44 rows, the file has 30/)
  })

  it('lets the unit of the file win over the parameter', () => {
    const text = [...header('title', 30), ...rows(30, blanks), ...footer].join('\n')
    assert.equal(parseProfile('a.pdh', text, inAngstrom).q[0], 0.001)
    assert.deepEqual(parseProfile('a.pdh', text, { unit: '1/nm' }).warnings, [
      'q ends at 0.0300 1/A, which is unusual: is the unit really 1/nm?',
    ])
  })

  it('does not take the numbers of the header for data', () => {
    const text = [...header('12 13 14', 30), ...rows(30, blanks)].join('\n')
    assert.equal(parseProfile('a.pdh', text, { unit: '1/nm' }).q.length, 30)
  })

  it('refuses a file without the row count', () => {
    const text = rows(30, blanks)
      .join('\n')
      .replace(/^.*\n.*\n/, 'a\nb\nnot a count\n')
    assert.throws(() => parseProfile('a.pdh', text), { code: 'PHASID_NOT_A_PROFILE', message: /third line/ })
  })
})

describe('reading a canSAS .xml profile', () => {
  const idata = (unit: string) => (q: number, intensity: number, sigma: number) =>
    `<Idata><Q unit="${unit}">${q}</Q><I unit="1/cm">${intensity}</I><Idev unit="1/cm">${sigma}</Idev><Qdev unit="1/A">0</Qdev></Idata>`
  const document = (...data: string[]) =>
    `<?xml version="1.0"?><!-- <Idata><Q>9</Q><I>9</I></Idata> --><SASroot><SASentry>${data.map(one => `<SASdata>${one}</SASdata>`).join('')}</SASentry></SASroot>`

  it('reads Q, I and Idev in the unit of the Q elements', () => {
    const profile = parseProfile('a.xml', document(rows(30, idata('1/A')).join('\n')))
    assert.deepEqual([profile.q.length, profile.q[0], profile.sigma?.[0]], [30, 0.01, 1])
    assert.equal(profile.unitSource, 'file')
    assert.equal(parseProfile('a.xml', document(rows(30, idata('1/nm')).join(''))).q[0], 0.001)
  })

  it('knows elements with a namespace prefix', () => {
    const text = document(rows(30, idata('1/A')).join('')).replaceAll(/<(\/?)(Idata|Q|I|Idev)\b/g, '<$1cs:$2')
    assert.equal(parseProfile('a.xml', text).q.length, 30)
  })

  it('reads the first of several data sets and says so', () => {
    const text = document(rows(30, idata('1/A')).join(''), rows(40, idata('1/A')).join(''))
    const profile = parseProfile('a.xml', text)
    assert.equal(profile.q.length, 30)
    assert.match(profile.warnings.join(), /more than one SASdata/)
  })

  it('refuses rows of different units', () => {
    const text = document(rows(30, idata('1/A')).join('') + rows(30, idata('1/nm')).join(''))
    assert.throws(() => parseProfile('a.xml', text), { code: 'PHASID_NOT_A_PROFILE', message: /different units/ })
  })
})

describe('reading anything else', () => {
  let folder: string
  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'phasid-read-'))))
  after(() => rm(folder, { recursive: true, force: true }))

  it('throws nothing but coded errors with a hint, whatever the text', () => {
    const names = fc.constantFrom('a.dat', 'a.csv', 'a.pdh', 'a.xml', 'a.tif', 'a')
    const pieces = fc.constantFrom(
      '\n',
      ' ',
      ',',
      ';',
      '1',
      '0.02 5 1\n',
      'NaN',
      '<Idata>',
      '</Idata>',
      '<Q unit="1/A">',
      '<!--',
      '"',
      'q (1/nm)\n',
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces, { maxLength: 120 }).map(parts => parts.join('')),
    )
    fc.assert(
      fc.property(names, text, (name, content) => {
        try {
          const profile = parseProfile(name, content, inAngstrom)
          assert.equal(profile.q.length, profile.intensity.length)
          assert.ok([...profile.q, ...profile.intensity].every(Number.isFinite))
        } catch (error) {
          assert.ok(error instanceof PhasidError, String(error))
          assert.ok(error.code.startsWith('PHASID_') && error.hint.length > 0)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('names the limits of rows and bytes', async () => {
    const text = rows(maxRows + 1, blanks).join('\n')
    assert.throws(() => parseProfile('a.dat', text, inAngstrom), { code: 'PHASID_TOO_LARGE', message: /20000 rows/ })
    const file = join(folder, 'image.dat')
    await writeFile(file, '')
    await truncate(file, maxFileBytes + 1)
    await assert.rejects(readProfile(file), { code: 'PHASID_TOO_LARGE', message: /16 MiB/ })
  })

  it('says when a file is not there or is none', async () => {
    await assert.rejects(readProfile(join(folder, 'nowhere.dat')), { code: 'PHASID_UNREADABLE' })
    await assert.rejects(readProfile(folder), { code: 'PHASID_UNREADABLE' })
  })

  it('is not slowed down by hostile text', () => {
    const hostile = [
      '<Idata'.repeat(200_000),
      '<!--'.repeat(200_000),
      '1'.repeat(1_000_000),
      `${' '.repeat(1_000_000)}x`,
    ]
    for (const text of hostile) {
      for (const name of ['a.dat', 'a.csv', 'a.pdh', 'a.xml']) {
        assert.throws(() => parseProfile(name, text, inAngstrom), { code: 'PHASID_NOT_A_PROFILE' })
      }
    }
  })
})
