/**
 * Calls pretuned kernels with the first of their small sizes and checks the answers, in f16 as well where the
 * adapter and the sweep have it. Arguments: folders of kernels, each of the name of its kernel.
 */
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Call {
  readonly dtype: string
  readonly sizes: readonly number[]
}
interface Sweep {
  readonly models: readonly { readonly dtypes: readonly string[] }[]
  readonly softwareSizes: readonly (readonly number[])[]
  readonly makeArgs: (sizes: readonly number[], dtype: string) => readonly unknown[]
}
interface Sweeps {
  readonly problemOf: (sweep: Sweep, call: Call, args: readonly unknown[]) => Promise<string | undefined>
}
interface Api {
  readonly getDevice: () => Promise<{ readonly limits: { readonly shaderF16: boolean } }>
}

const load = async <T>(path: string): Promise<T> => (await import(pathToFileURL(path).href)) as T

const { getDevice } = (await import('helion-aot')) as Api
const { shaderF16 } = (await getDevice()).limits
for (const folder of process.argv.slice(2)) {
  const name = basename(folder)
  const { SWEEP } = await load<{ SWEEP: Sweep }>(join(folder, `${name}.ts`))
  const { problemOf } = await load<Sweeps>(join(dirname(folder), 'sweep.ts'))
  const [sizes = []] = SWEEP.softwareSizes
  const known = new Set(SWEEP.models.flatMap(({ dtypes }) => dtypes))
  for (const dtype of known) {
    if (dtype === 'f16' && !shaderF16) continue
    const problem = await problemOf(SWEEP, { dtype, sizes }, SWEEP.makeArgs(sizes, dtype))
    console.log(`${name} ${dtype}: ${problem ?? 'right'}`)
  }
}
