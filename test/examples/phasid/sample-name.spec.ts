import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { parseSampleName } from '../../../examples/phasid/sample-name.ts'
import { parseSampleTable } from '../../../examples/phasid/sample-table.ts'

describe('reading a sample from its name', () => {
  const names: [string, number | undefined, number | undefined][] = [
    ['OTAB_078wtp_T050.pdh', 0.78, 50],
    ['OTAC_100wtp_T025.pdh', 1, 25],
    ['mono_62.5wt%_35C.dat', 0.625, 35],
    ['mono_62p5wt_T35p5.dat', 0.625, 35.5],
    ['lipid-40pct-T298K.csv', 0.4, 24.85],
    ['lipid_w0.45_25degC.xml', 0.45, 25],
    ['c0p8_T-5.dat', 0.8, -5],
    ['CholPal_20220214.pdh', undefined, undefined],
    ['P1A10_C1_BFIB_PH3_0363.dat', undefined, undefined],
    ['sample_250wtp.dat', undefined, undefined],
  ]
  for (const [name, composition, temperature] of names) {
    it(`reads ${name}`, () => assert.deepEqual(parseSampleName(name), { composition, temperature }))
  }

  it('never gives anything but a fraction and a finite temperature', () => {
    fc.assert(
      fc.property(fc.string(), name => {
        const { composition = 0, temperature = 0 } = parseSampleName(name)
        assert.ok(composition >= 0 && composition <= 1 && Number.isFinite(temperature))
      }),
    )
  })
})

describe('the table of samples', () => {
  it('wins over the names, with columns in any order, percent or fraction, and empty cells', () => {
    const sampleOf = parseSampleTable('temperature,file,composition\n31,a_T050.dat,45\n,b_T050.dat,0.5\n')
    assert.deepEqual(sampleOf('a_T050.dat'), { composition: 0.45, temperature: 31 })
    assert.deepEqual(sampleOf('b_T050.dat'), { composition: 0.5, temperature: 50 })
    assert.deepEqual(sampleOf('c_30wtp.dat'), { composition: 0.3, temperature: undefined })
  })

  it('says where it makes no sense', () => {
    assert.throws(() => parseSampleTable('file,composition\na.dat,much\n'), {
      code: 'PHASID_BAD_SAMPLE_TABLE',
      message: /line 2, column composition/,
    })
    assert.throws(() => parseSampleTable('name\n'), { code: 'PHASID_BAD_SAMPLE_TABLE' })
  })
})
