import { registerHooks, setSourceMapsSupport } from 'node:module'

/** Addresses of loaded bundles, and the entry of the library that each of them gets. */
const libraryOf = new Map<string, string>()
let isInstalled = false

/**
 * From now on, `import … from 'lightflow'` in the module at `bundleUrl` means the module at `libraryUrl`; other modules are left
 * alone. Works in the thread that calls it, for as long as that lives: a module may import later, too.
 */
export function giveLibrary(bundleUrl: string, libraryUrl: string): void {
  libraryOf.set(bundleUrl, libraryUrl)
  if (isInstalled) return
  isInstalled = true
  // Stacks of bundled code name the author's lines.
  setSourceMapsSupport(true)
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const library = specifier === 'lightflow' ? libraryOf.get(context.parentURL ?? '') : undefined
      return nextResolve(library ?? specifier, context)
    },
  })
}

/** Until it is taken back, by what this returns, the module at `url` is `code`, and no file. */
export function giveSource(url: string, code: Uint8Array): () => void {
  const hooks = registerHooks({
    resolve: (specifier, context, nextResolve) =>
      specifier === url ? { url, format: 'module', shortCircuit: true } : nextResolve(specifier, context),
    load: (address, context, nextLoad) =>
      address === url ? { format: 'module', source: code, shortCircuit: true } : nextLoad(address, context),
  })
  return () => hooks.deregister()
}
