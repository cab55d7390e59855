/** What one encoded value may hold, besides the sizes in `limits.ts`. The encoder and the check of received bytes both keep to it. */

/** Array elements, object properties, Map and Set entries of a value, all levels together: bounds the memory that decoding takes. */
export const MAX_VALUE_ENTRIES = 32 * 1024 * 1024
/** One BigInt; beyond it arithmetic on it would block the thread. */
export const MAX_BIGINT_BYTES = 64 * 1024
/** Keys that reach into prototypes where careless code copies objects: never written, never accepted. A Map may have them. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
