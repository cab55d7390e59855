import assert from 'node:assert/strict'
import { phases, type PhaseName } from '../../../examples/phasid/reflections.ts'

/** Reflection conditions of the space groups, International Tables A (general positions), for 0 ≤ l ≤ k ≤ h. */
const conditions: Partial<Record<PhaseName, (h: number, k: number, l: number) => boolean>> = {
  // Pn-3m: 0kl: k + l even, for every pair that stands beside a zero.
  Pn3m: (h, k, l) => permutations(h, k, l).every(([a, b, c]) => a !== 0 || even(b + c)),
  Im3m: (h, k, l) => even(h + k + l),
  // Ia-3d: body-centred; 0kl: k, l even; hhl: 2h + l divisible by four.
  Ia3d: (h, k, l) =>
    even(h + k + l) &&
    permutations(h, k, l).every(([a, b, c]) => (a !== 0 || (even(b) && even(c))) && (a !== b || (2 * a + c) % 4 === 0)),
  // Fd-3m: face-centred; 0kl: k + l divisible by four.
  Fd3m: (h, k, l) =>
    unmixed(h, k, l) &&
    permutations(h, k, l).every(([a, b, c]) => a !== 0 || (even(b) && even(c) && (b + c) % 4 === 0)),
  // Pm-3n: hhl: l even.
  Pm3n: (h, k, l) => permutations(h, k, l).every(([a, b, c]) => a !== b || even(c)),
  Fm3m: (h, k, l) => unmixed(h, k, l),
}

describe('the table of reflections', () => {
  for (const [phase, allows] of Object.entries(conditions) as [PhaseName, (typeof conditions)['Pn3m'] & {}][]) {
    it(`lists for ${phase} exactly what its space group allows`, () => {
      const listed = phases[phase].reflections
      assert.deepEqual(listed, cubicSums(allows, listed.at(-1)!))
    })
  }

  it('lists for H exactly the sums h² + hk + k²', () => {
    const sums = new Set<number>()
    for (let h = 1; h <= 6; h++) for (let k = 0; k <= h; k++) sums.add(h * h + h * k + k * k)
    const { reflections } = phases.H
    assert.deepEqual(
      reflections,
      [...sums].sort((a, b) => a - b).filter(n => n <= reflections.at(-1)!),
    )
  })

  it('has no √11 in the hexagonal phase', () => assert.ok(!phases.H.reflections.includes(11)))

  it('has no (310) in Ia3d', () => assert.ok(!phases.Ia3d.reflections.includes(10)))

  it('has no N = 28 in Im3m', () => assert.ok(!phases.Im3m.reflections.includes(28)))

  it('has no first order of 1 : √2 in Ia3d but √6 : √8', () => {
    assert.deepEqual(phases.Ia3d.reflections.slice(0, 2), [6, 8])
  })
})

function cubicSums(allows: (h: number, k: number, l: number) => boolean, largest: number): number[] {
  const sums = new Set<number>()
  for (let h = 1; h * h <= largest; h++) {
    for (let k = 0; k <= h; k++) {
      for (let l = 0; l <= k; l++) {
        const sum = h * h + k * k + l * l
        if (sum <= largest && allows(h, k, l)) sums.add(sum)
      }
    }
  }
  return [...sums].sort((a, b) => a - b)
}

function permutations(h: number, k: number, l: number): [number, number, number][] {
  return [
    [h, k, l],
    [h, l, k],
    [k, h, l],
    [k, l, h],
    [l, h, k],
    [l, k, h],
  ]
}

function unmixed(h: number, k: number, l: number): boolean {
  return even(h + k) && even(k + l)
}

function even(value: number): boolean {
  return value % 2 === 0
}
