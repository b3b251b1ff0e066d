/** `binding.toProgram`: a launcher without this package gets from it what the kernel gives. */
import { describe, expect, it } from 'vitest'
import { hl, kernel, type Tensor, tensor } from '../../src/index.ts'
import type { KernelProgram } from '../../src/kernel/kernel_program.ts'
import { getDevice } from '../../src/runtime/default_device.ts'
import { launchPlainly } from './plain_launcher.ts'

/** Two dispatches, a filled tensor, and a number. */
const shares = kernel({ staticShapes: false, config: {} }, function shares(x: Tensor, factor: number) {
  const [m, n] = x.shape
  const sums = hl.zeros([m])
  const out = hl.empty([m, n])
  for (const [i, j] of hl.tile([m, n])) sums.at(i).atomicAdd(x.at(i, j).sum(1))
  for (const [i, j] of hl.tile([m, n])) out.at(i, j).set(x.at(i, j).div(sums.at(i).unsqueeze(1)).mul(factor))
  return { out, sums }
})

const input = (m: number, n: number) => ({
  shape: [m, n],
  data: Array.from({ length: m * n }, (_, i) => (i % 7) + 1),
})
const given = (x: { readonly shape: readonly number[]; readonly data: readonly number[] }): Tensor =>
  tensor(Float32Array.from(x.data), { shape: [...x.shape] }) as unknown as Tensor

describe('the data of a compiled kernel', () => {
  it('is all that a launcher needs, for every size that the binding serves', async () => {
    const { gpu } = await getDevice()
    const program = shares.bind(given(input(37, 50)), 3).toProgram()
    const sent = JSON.parse(JSON.stringify(program)) as KernelProgram
    for (const [m, n] of [
      [37, 50],
      [5, 9],
    ] as const) {
      const x = input(m, n)
      const wanted = shares(given(x), 3)
      const [sums, out] = await launchPlainly(gpu, sent, [x], [3])
      expect(sums).toEqual([...(await (wanted.sums as never as { data(): Promise<number[]> }).data())])
      expect(out).toEqual([...(await (wanted.out as never as { data(): Promise<number[]> }).data())])
    }
  })

  it('has a sum that workgroups share out, with memory for its parts', async () => {
    const { gpu } = await getDevice()
    const columns = kernel({ staticShapes: false }, function columns(x: Tensor) {
      const [m, n] = x.shape
      const out = hl.empty([n])
      for (const j of hl.tile(n)) {
        const sum = hl.zeros([j])
        for (const i of hl.tile(m)) sum.addAssign(x.at(i, j).sum(0))
        out.at(j).set(sum)
      }
      return out
    })
    const config = { block_sizes: [16, 4], split_sums: [4] }
    const program = columns.bind(given(input(37, 50))).toProgram(config)
    expect(program.dispatches.map(({ label }) => label)).toEqual(['columns_0', 'columns_1'])
    expect(program.scratch).toEqual([
      { bytes: { op: 'mul', args: [{ op: 'mul', args: [4, { tensor: 0, axis: 1 }] }, 4] }, fill: undefined },
    ])
    for (const [m, n] of [
      [37, 50],
      [5, 9],
    ] as const) {
      const x = input(m, n)
      const [sums] = await launchPlainly(gpu, JSON.parse(JSON.stringify(program)) as KernelProgram, [x], [])
      const sumOf = (j: number): number => x.data.reduce((sum, v, i) => (i % n === j ? sum + v : sum), 0)
      expect(sums).toEqual(Array.from({ length: n }, (_, j) => sumOf(j)))
    }
  })

  it('names tensors, numbers, sizes and conditions', () => {
    const program = shares.bind(given(input(37, 50)), 3).toProgram({ block_sizes: [1, 64, 1, 64] })
    const m = { tensor: 0, axis: 0 }
    const n = { tensor: 0, axis: 1 }
    expect(program.tensors).toEqual([
      { name: 'x', role: 'argument', dtype: 'f32', shape: [m, n], fill: undefined },
      { name: 'local1', role: 'local', dtype: 'f32', shape: [m], fill: 0 },
      { name: 'local2', role: 'local', dtype: 'f32', shape: [m, n], fill: undefined },
    ])
    expect(program.scalars).toEqual(['factor'])
    expect(program.returns).toMatchObject({ kind: 'record' })
    const [first] = program.dispatches
    const columns = { op: 'cdiv', args: [n, 64] }
    expect(first?.workgroups).toEqual({ linear: { op: 'mul', args: [m, columns] } })
    expect(first?.workgroupSize).toBeGreaterThan(0)
    expect(first?.bindings.map(({ access }) => access)).toEqual(['read', 'read_write'])
  })

  it('refuses configs that do not fit', () => {
    const binding = shares.bind(given(input(37, 50)), 3)
    expect(() => binding.toProgram({ block_sizes: [4] })).toThrow('config field block_sizes has 1 entries')
  })
})
