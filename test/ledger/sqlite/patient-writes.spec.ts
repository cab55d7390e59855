import assert from 'node:assert/strict'
import { PatientWrites } from '../../../src/ledger/sqlite/patient-writes.ts'
import { ManualClock } from '../../support/manual-clock.ts'

describe('writes that are patient', () => {
  function writes() {
    const clock = new ManualClock()
    const made: string[] = []
    const patient: PatientWrites<string> = new PatientWrites(clock, () => {
      for (let next = patient.take(); next !== undefined; next = patient.take()) made.push(next)
      patient.arm()
    })
    return { clock, patient, made }
  }

  it('are made when nothing else was asked for at the same moment', async () => {
    const { clock, patient, made } = writes()
    patient.add('part')
    assert.equal(patient.take(), undefined)
    await clock.advance(5)
    assert.deepEqual(made, ['part'])
    assert.equal(clock.pending, 0)
  })

  it('let all others go first, but not for ever, and then before all others', async () => {
    const { clock, patient, made } = writes()
    patient.add('part')
    patient.noteOther()
    for (let time = 0; time < 6; time++) {
      await clock.advance(5)
      patient.noteOther()
      assert.deepEqual([made, patient.isOverdue], [[], false])
    }
    await clock.advance(9)
    assert.deepEqual(made, [])
    await clock.advance(1)
    assert.deepEqual(made, ['part'])
    patient.add('next')
    patient.noteOther()
    await clock.advance(9)
    assert.deepEqual(made, ['part'])
    await clock.advance(1)
    assert.deepEqual(made, ['part', 'next'])
    assert.equal(clock.pending, 0)
  })

  it('wait no longer when they are to be over', () => {
    const { clock, patient } = writes()
    patient.add('part')
    patient.hurry()
    assert.equal(clock.pending, 0)
    assert.deepEqual([patient.isDue, patient.take(), patient.take()], [true, 'part', undefined])
  })
})
