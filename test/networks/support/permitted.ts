import { Namespaces } from './namespaces.ts'

/** Why network namespaces cannot be made here, in one sentence; null when they can. Tried, not guessed: containers differ. */
export async function whyNoNamespaces(): Promise<string | null> {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux'
  if (process.getuid?.() !== 0) return 'making network namespaces needs root'
  const namespaces = new Namespaces()
  try {
    const left = await namespaces.add('one')
    const right = await namespaces.add('two')
    await left.ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', right.name)
    await left.ip('link', 'add', 'br0', 'type', 'bridge')
    await left.tc('qdisc', 'add', 'dev', 'eth0', 'clsact')
    return null
  } catch (error) {
    return `network namespaces cannot be made here: ${String(error).split('\n', 1)[0]}`
  } finally {
    await namespaces.removeAll()
  }
}
