const ALL_INTERFACES = '0.0.0.0'

/** The address on which direct connections for payloads are taken in: the one that the mesh listens on, when it is one only. */
export function directHost(listen: readonly string[] = []): string {
  const hosts = new Set(listen.map(addr => /^\/ip[46]\/([^/]+)\//.exec(addr)?.[1] ?? ALL_INTERFACES))
  const [host = ALL_INTERFACES] = hosts
  return hosts.size === 1 ? host : ALL_INTERFACES
}
