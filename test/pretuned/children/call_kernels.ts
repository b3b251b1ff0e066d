/**
 * Calls pretuned kernels on their smallest shape and checks the answers. Arguments: folders of kernels, each
 * of the name of its kernel.
 */
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Sweep {
  readonly kernel: (...args: readonly unknown[]) => Result
  readonly softwareShapes: readonly (readonly number[])[]
  readonly makeArgs: (shape: readonly number[]) => readonly unknown[]
  readonly reference: (
    shape: readonly number[],
    inputs: readonly ArrayLike<number>[],
    positions: readonly number[],
  ) => readonly number[]
  readonly tolerance: number
}
interface Result {
  readonly data: () => Promise<ArrayLike<number>>
}

const hasData = (value: unknown): value is Result =>
  typeof value === 'object' && value !== null && 'data' in value

for (const folder of process.argv.slice(2)) {
  const name = basename(folder)
  const { SWEEP } = (await import(pathToFileURL(join(folder, `${name}.ts`)).href)) as { SWEEP: Sweep }
  const [shape = []] = SWEEP.softwareShapes
  const args = SWEEP.makeArgs(shape)
  const values = await SWEEP.kernel(...args).data()
  const inputs = await Promise.all(args.filter(hasData).map((tensor) => tensor.data()))
  const positions = Array.from(values, (_, position) => position)
  const expected = SWEEP.reference(shape, inputs, positions)
  const wrong = positions.filter((position) => {
    const [got = Number.NaN, want = 0] = [values[position], expected[position]]
    return !(Math.abs(got - want) <= SWEEP.tolerance * (1 + Math.abs(want)))
  })
  console.log(`${name}: ${wrong.length} of ${positions.length} wrong`)
}
