/**
 * The one door from the commands to the library. It is loaded only when a command needs it, so that `lf --help` stays quick, and
 * tests put their own client behind it.
 */
import type { Client, ClientOptions, DoctorOptions, DoctorView, PeerHandle, StartPeerOptions } from '../src/index.ts'

export interface Door {
  openClient(options: ClientOptions): Promise<Client>
  startPeer(options: StartPeerOptions): Promise<PeerHandle>
  examine(options: DoctorOptions): Promise<DoctorView>
}

export const door: Door = {
  async openClient(options) {
    const { openClient } = await import('../src/index.ts')
    return openClient(options)
  },
  async startPeer(options) {
    const { startPeer } = await import('../src/index.ts')
    return startPeer(options)
  },
  async examine(options) {
    const { examine } = await import('../src/index.ts')
    return examine(options)
  },
}
