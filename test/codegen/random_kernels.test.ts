/** Random kernels have in them what they should, and one that fails becomes a small test. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Statement } from '../../src/codegen/thread/statements.ts'
import { OnCpu } from './on_cpu.ts'
import { kernelOf, kernelPlans, testOf } from './random_kernels.ts'

const PARTS = [
  ...['.add(', '.mul(', 'hl.where(', '.unsqueeze(', '.transpose()', '.clamp(', '.exp()', '.index', '.to('],
  ...['.sum(', '.amax(', '.amin(', '.prod(', '.argmax(', '.argmin(', '.any(', '.all(', 'keepdim: true'],
  ...['.addDot(', '.dot(', '.addAssign(', '.maximumAssign(', '.atomicAdd(', '.atomicMax(', '.atomicMin('],
  ...['.atomicOr(', '.atomicXor(', '.atomicAnd(', '.atomicExchange(5', '.atomicCompareExchange(0, 5'],
  ...['.T.at(', '.unsqueeze(0).at(0, ', '.expand([', '.sort(-1).values.gt(0).to('],
  ...['hl.associativeScan(([a, i]', 'hl.reduce(([a, i]'],
  ...['.get({ mask: ', ', other: ', '), { mask: ', '(1, { mask: '],
  ...['.cumsum(', '.cumprod(', 'hl.associativeScan(', 'hl.reduce(', 'reverse: true'],
  ...['.sort(', '.values', '.indices'],
  ...['.flip(', 'hl.cat([', '.slice(', 'hl.split(hl.join(', 'hl.stack([', '.reshape([-1])', '], 0).reshape('],
  ...['t of hl.tile(x_', 'blockSize: [3'],
  ...["':'", 'hl.grid([', 'of hl.grid(', 'blockSize: 4', 'for (const [mm, nn, kk]'],
  ...["'f32'", "'f16'", "'i32'", "'u32'", "'bool'"],
  ...[
    '_bf16.at(',
    '_f8e4m3.at(',
    '_f8e5m2.at(',
    '_f4e2m1.at(',
    '_i16.at(',
    '_i8.at(',
    '_i4.at(',
    '_u8.at(',
    '_u4.at(',
  ],
  ...["'bf16'", "'f8e4m3'", "'f8e5m2'", "'i16'", "'i8'", "'i4'", "'u16'", "'u8'", "'u4'"],
]

it('everything occurs, and every size', () => {
  const kernels = fc
    .sample(kernelPlans, { numRuns: 1200, seed: 1 })
    .map((plan) => ({ plan, ...kernelOf(plan) }))
  const texts = kernels.map(({ text }) => text)
  expect(PARTS.filter((part) => !texts.some((text) => text.includes(part)))).toEqual([])
  expect(new Set(texts.map((text) => text.match(/for \(const \[/g)?.length))).toEqual(new Set([1, 2, 3]))
  expect(new Set(kernels.flatMap(({ plan }) => Object.values(plan.sizes))).size).toBe(10)
})

it('a kernel that fails is made small, and prints as a test', () => {
  const found = fc.check(
    fc.property(kernelPlans, (plan) => {
      const kernel = kernelOf(plan)
      const { reports } = new OnCpu(kernel.fn, kernel.args, { subgroupSize: 4 }).run({}, (program) => {
        return { ...program, body: withoutBarriers(program.body) }
      })
      if (reports.length > 0) throw new Error(testOf(kernel, { subgroupSize: 4 }, [{}]))
    }),
    { numRuns: 200, seed: 1 },
  )
  const text = String((found.errorInstance as Error | null)?.message)
  expect(text).toMatchInlineSnapshot(`
    "it('a random kernel', () => {
      const kernel = new OnCpu(function randomKernel(x_nk_f32: Tensor, x_km_f32: Tensor) {
        const m = x_km_f32.shape[1]
        const n = x_nk_f32.shape[0]
        const k = x_nk_f32.shape[1]
        const out3 = hl.empty([n,m], 'f32')
        for (const [nn, mm] of hl.tile([n, m])) {
          const acc1 = hl.zeros([nn, mm], 'f32')
          for (const t of hl.tile(k, { blockSize: 4 })) {
            acc1.addDot(x_nk_f32.at(nn, t).mul(2), x_km_f32.at(t, mm))
          }
          const v2 = acc1
          out3.at(nn, mm).set(v2)
        }
        return [out3]
      }, [
        host([3,3], [4,1,3,1,4,3,-2,-2,3], 'f32'),
        host([3,3], [0,2,0,3,2,-3,-3,2,3], 'f32'),
      ], {"subgroupSize":4})
      kernel.expectRight({})
    })"
  `)
})

function withoutBarriers(body: readonly Statement[]): readonly Statement[] {
  return body.flatMap((statement): readonly Statement[] => {
    if (statement.kind === 'barrier') return []
    return 'body' in statement ? [{ ...statement, body: withoutBarriers(statement.body) }] : [statement]
  })
}
