/**
 * Prints what kernels the given files export: for each file, the hash of the source by the kernel's name.
 */
import { pathToFileURL } from 'node:url'

interface Definition {
  readonly name: string
  readonly sourceHash: string
}

const found: Record<string, Record<string, string>> = {}
for (const file of process.argv.slice(2)) {
  const exported = Object.values(await import(pathToFileURL(file).href))
  const definitions = exported.flatMap(
    (value) => (value as { readonly definition?: Definition } | null)?.definition ?? [],
  )
  found[file] = Object.fromEntries(definitions.map(({ name, sourceHash }) => [name, sourceHash]))
}
console.log(JSON.stringify(found))
