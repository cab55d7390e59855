type Method = (...args: never[]) => unknown

/** The same object with some of its methods replaced; each replacement gets the original to call. */
export function intercept<T extends object, K extends keyof T & string>(
  target: T,
  replacements: { [Name in K]: (original: T[Name], ...args: Parameters<Extract<T[Name], Method>>) => unknown },
): T {
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
