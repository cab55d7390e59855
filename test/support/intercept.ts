type Method = (...args: never[]) => unknown

type Replacements<T> = {
  [Name in keyof T]?: (original: T[Name], ...args: Parameters<Extract<T[Name], Method>>) => unknown
}

/** The same object with some of its methods replaced; each replacement gets the original to call. */
export function intercept<T extends object>(target: T, replacements: Replacements<T>): T {
  return new Proxy(target, {
    get(object, name) {
      const value = Reflect.get(object, name, object) as unknown
      if (typeof value !== 'function') return value
      const original = value.bind(object) as (...args: unknown[]) => unknown
      const replacement = (replacements as Record<string, unknown>)[String(name)] as
        | ((...args: unknown[]) => unknown)
        | undefined
      return replacement === undefined ? original : (...args: unknown[]) => replacement(original, ...args)
    },
  })
}
