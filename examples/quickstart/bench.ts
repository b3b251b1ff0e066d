/**
 * A program that calls kernels on the shapes that matter to it: all that tuning ahead of time needs.
 * Usage: npx helion-aot -- node --import tsx examples/quickstart/bench.ts
 */
import { randn, type Tensor } from 'helion-aot'
import { softmax } from './softmax.ts'
import { vector_add } from './vector_add.ts'

const LENGTHS = [4096, 65_536, 262_144, 1_000_000]
const WIDTHS = [64, 256, 1000, 2048]

for (const length of LENGTHS) {
  const [x, y] = [randn([length]), randn([length])]
  const [sum, first, second] = await valuesOf(vector_add(x, y), x, y)
  const worst = largest(length, (i) => Math.abs(at(sum, i) - at(first, i) - at(second, i)))
  report(`vector_add ${length}`, worst)
}
for (const width of WIDTHS) {
  const [rows] = await valuesOf(softmax(randn([256, width])))
  const worst = largest(256, (row) => Math.abs(1 - total(rows, row * width, width)))
  report(`softmax 256 x ${width}`, worst)
}

function report(what: string, worst: number): void {
  console.log(`${worst < 1e-4 ? 'right' : 'WRONG'}  ${what}`)
  if (!(worst < 1e-4)) process.exitCode = 1
}

function valuesOf(...tensors: Tensor[]): Promise<ArrayLike<number>[]> {
  return Promise.all(tensors.map((tensor) => tensor.data()))
}

function at(values: ArrayLike<number> | undefined, index: number): number {
  return values?.[index] ?? Number.NaN
}

function total(values: ArrayLike<number> | undefined, start: number, count: number): number {
  let sum = 0
  for (let i = start; i < start + count; i++) sum += at(values, i)
  return sum
}

function largest(count: number, valueAt: (index: number) => number): number {
  let most = 0
  for (let i = 0; i < count; i++) most = Math.max(most, valueAt(i))
  return most
}
