import assert from 'node:assert/strict'
import { Entrance } from '../../../src/mesh/libp2p/entrance.ts'

describe('entrance of the mesh', () => {
  it('closes the connection that came first when too many are in their handshake', () => {
    const entrance = new Entrance(2)
    const arrivals = [new FakeArrival(), new FakeArrival(), new FakeArrival(), new FakeArrival()]
    for (const arrival of arrivals) entrance.arrived(arrival)
    assert.deepEqual(
      arrivals.map(({ isAborted }) => isAborted),
      [true, true, false, false],
    )
    assert.equal(entrance.pending, 2)
  })

  it('counts neither those that passed nor those that went', () => {
    const entrance = new Entrance(2)
    const [first, second, ...others] = [new FakeArrival(), new FakeArrival(), new FakeArrival(), new FakeArrival()]
    for (const arrival of [first, second]) entrance.arrived(arrival)
    entrance.passed(first)
    second?.dispatchEvent(new Event('close'))
    for (const arrival of others) entrance.arrived(arrival)
    assert.ok([first, ...others].every(arrival => arrival !== undefined && !arrival.isAborted))
    assert.equal(entrance.pending, 2)
  })
})

class FakeArrival extends EventTarget {
  isAborted = false

  abort(): void {
    this.isAborted = true
    this.dispatchEvent(new Event('close'))
  }
}
