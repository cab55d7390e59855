/** What goes wrong with addresses, in words for the operator who wrote them. */
import { multiaddr } from '@multiformats/multiaddr'
import { LightflowError } from '../../core/errors.ts'

const ADDR_HINT = 'Addresses look like /ip4/192.168.1.20/tcp/4100; port 0 takes any free one.'

/** Throws `LF_MESH_ADDRESS` for a text that is no address. */
export function checkAddr(addr: string): void {
  try {
    multiaddr(addr)
  } catch (cause) {
    throw new LightflowError('LF_MESH_ADDRESS', `"${addr}" is not an address of the mesh.`, { hint: ADDR_HINT, cause })
  }
}

export function cannotListen(listen: readonly string[], cause: unknown): LightflowError {
  return new LightflowError('LF_MESH_ADDRESS', `The peer cannot listen on ${listen.join(', ')}.`, {
    hint: `Is the port taken by another program, or the address not one of this machine? ${ADDR_HINT}`,
    cause,
  })
}
