/** What Node says when a disk does not do what it is asked. */

/** Throws an error of this code, as the call of the system does. */
export function refuses(code: string, syscall: string): never {
  throw Object.assign(new Error(`${code}: refused`), { code, syscall })
}
