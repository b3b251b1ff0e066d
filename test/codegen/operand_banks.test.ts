/**
 * Where threads write the operands of products on matrix units: eight of them write 16 bytes each at a time,
 * and all banks of workgroup memory together have as many. Worked out from the WGSL for each thread.
 */
import { expect, it } from 'vitest'
import { hl } from '../../src/language/hl.ts'
import type { Tensor } from '../../src/language/tensors/tensor.ts'
import { host } from '../language/harness.ts'
import { Compiled } from './compiling.ts'
import { DEVICES } from './devices.ts'

const [WRITTEN_AT_ONCE, THREADS] = [8, 128]
const SIDE = 128
const ofMatrices = {
  ...DEVICES.H200,
  subgroupMatrices: [
    { m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' },
    { m: 16, n: 16, k: 32, operand: 'i8', result: 'i32' },
  ],
} as const

function transposed(x: Tensor, w: Tensor): Tensor {
  const [m, k] = x.shape
  const n = w.shape[0]
  const out = hl.empty([m, n], 'f32')
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn], x.dtype === 'i8' ? 'i32' : 'f32')
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), w.at(tn, tk).transpose())
    out.at(tm, tn).set(acc)
  }
  return out
}

/** The places of both operands that each thread writes to first, in items of 16 bytes. */
function slotsOf(wgsl: string): readonly (readonly number[])[] {
  const lines = [...wgsl.matchAll(/^ *let ((?:tile\d_lane|slot)\w*) = (.*);$/gm)]
  const script = lines.map(([, name, value]) => `const ${name} = ${value?.replaceAll(/(\d)u/g, '$1')}`)
  const of = new Function('thread', `${script.join('\n')}\nreturn [slot_0, slot_1]`)
  return Array.from({ length: THREADS }, (_, thread) => of(thread) as number[])
}

it.each([
  ['f16', 16],
  ['f16', 32],
  ['f16', 64],
  ['f16', 128],
  ['i8', 32],
  ['i8', 64],
  ['i8', 128],
] as const)('%s, blocks of %i of the depth', (dtype, depth) => {
  const shape = [SIDE, SIDE]
  const args = [host(shape, () => 0, dtype), host(shape, () => 0, dtype)]
  const compiled = new Compiled(transposed as never, args, ofMatrices)
  const wgsl = compiled.wgsl({ block_sizes: [64, 64, depth], num_warps: 4, mma: ['subgroup_matrix'] })
  const slots = slotsOf(wgsl)
  for (const operand of [0, 1])
    for (let first = 0; first < THREADS; first += WRITTEN_AT_ONCE) {
      const places = slots.slice(first, first + WRITTEN_AT_ONCE).map((of) => of[operand] ?? Number.NaN)
      const banks = new Set(places.map((place) => place % WRITTEN_AT_ONCE))
      expect([...banks], `${places} by threads from ${first} on\n${wgsl}`).toHaveLength(WRITTEN_AT_ONCE)
    }
})
