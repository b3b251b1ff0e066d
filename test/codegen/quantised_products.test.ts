/**
 * Weights that are made of packed words on their way into a product of half floats, on matrix units and
 * without.
 */
import { expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import { hl } from '../../src/language/hl.ts'
import type { Tensor } from '../../src/language/tensors/tensor.ts'
import type { StorageType } from '../../src/support/storage_types.ts'
import { whole } from '../gpu/inputs.ts'
import type { HostArgument } from '../language/harness.ts'
import { Compiled } from './compiling.ts'
import { DEVICES } from './devices.ts'
import { OnCpu } from './on_cpu.ts'
import { GROUP, ofRows } from './quantised_kernels.ts'

/** `w` is `[k, n]` with a scale for each group of rows. */
function ofColumns(x: Tensor, w: Tensor, scale: Tensor): Tensor {
  const out = hl.empty([x.shape[0], w.shape[1]])
  for (const [tm, tn] of hl.tile([x.shape[0], w.shape[1]])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(w.shape[0]))
      acc.addDot(
        x.at(tm, tk),
        w
          .at(tk, tn)
          .to('f16')
          .mul(scale.at(tk.index.floorDiv(GROUP), tn)),
      )
    out.at(tm, tn).set(acc)
  }
  return out
}

/** Both operands are computed; one of them by a position that was read, and with a mask. */
function looked(x: Tensor, ids: Tensor, w: Tensor): Tensor {
  const out = hl.empty([x.shape[0], w.shape[1]])
  for (const [tm, tn] of hl.tile([x.shape[0], w.shape[1]])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(ids.shape[0])) {
      const id = ids.at(tk)
      const rows = hl.load(w, [id, tn], { mask: tn.index.ne(3).unsqueeze(0) })
      const left = x.at(tm, tk).mul(id.to('f16').unsqueeze(0)).relu()
      acc.addDot(left, rows.to('f16').mul(0.5))
    }
    out.at(tm, tn).set(acc)
  }
  return out
}

function of(shape: readonly number[], dtype: StorageType = 'f16'): HostArgument {
  return { ...whole(shape, dtype), dynamic: undefined }
}

const CASES: Readonly<Record<string, readonly [(...args: never[]) => unknown, readonly HostArgument[]]>> = {
  'of i4': [ofColumns, [of([32, 64]), of([64, 32], 'i4'), of([4, 32])]],
  'of ragged i8': [ofColumns, [of([19, 41]), of([41, 37], 'i8'), of([3, 37])]],
  'of u4 with zero points': [ofRows, [of([32, 64]), of([32, 64], 'u4'), of([32, 4]), of([32, 4], 'u4')]],
  'of ragged u4': [ofRows, [of([17, 48]), of([35, 48], 'u4'), of([35, 3]), of([35, 3], 'u4')]],
  'of 8-bit floats': [ofColumns, [of([16, 32]), of([32, 48], 'f8e4m3'), of([2, 48])]],
  'of rows that are looked up': [
    looked,
    [
      of([16, 24]),
      { ...of([24], 'i32'), data: Array.from({ length: 24 }, (_, i) => (i * 7) % 32) },
      of([32, 24], 'i4'),
    ],
  ],
}

const CONFIGS: readonly ConfigInput[] = [
  { block_sizes: [16, 32, 32], num_warps: 1, mma: 'subgroup_matrix', num_stages: 2 },
  { block_sizes: [16, 32, 32], num_warps: 1, mma: 'direct', num_stages: 2 },
  {
    block_sizes: [32, 16, 16],
    num_warps: 2,
    mma: 'subgroup_matrix',
    indexing: 'tensor_descriptor',
    num_stages: 2,
  },
  { block_sizes: [32, 16, 16], num_warps: 2, num_stages: 2 },
]

it.each(Object.keys(CASES).flatMap((name) => [true, false].map((dynamic) => ({ name, dynamic }))))(
  'products $name, dynamic: $dynamic',
  ({ name, dynamic }) => {
    const [fn, args] = CASES[name] ?? expect.fail(name)
    const subject = new OnCpu(fn as never, args, {
      dynamic,
      registerBudget: 4096,
      subgroupMatrices: [{ m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' }],
      tolerance: { abs: 1e-2, rel: 1e-2 },
    })
    for (const config of CONFIGS) {
      const { data } = subject.compiled.spec.normalize(config, 'repair')
      expect(subject.outcome(data)).toBe('right')
    }
  },
)

it('calls of whole tiles read as much at once as with static shapes', () => {
  const args = [of([32, 64]), of([32, 64], 'u4'), of([32, 4]), of([32, 4], 'u4')]
  const config = { block_sizes: [1, 32, 64], num_warps: 1, slice_k: 1, mma: 'direct' } as const
  const [still, dynamic] = [false, true].map((dynamic) => new OnCpu(ofRows as never, args, { dynamic }))
  const even = dynamic?.compiled.even(config)
  expect(still?.compiled.wgsl(config)).toContain('w_vec4[')
  expect(dynamic?.compiled.wgsl(config, { even })).toContain('w_vec4[')
  expect(dynamic?.compiled.wgsl(config)).toContain('w_vec2[')
})

it('a zero point is taken away once for the weights of its group, not from each', () => {
  const args = [of([1, 64]), of([32, 64], 'u4'), of([32, 4]), of([32, 4], 'u4')]
  const subject = new OnCpu(ofRows as never, args, {})
  const config = { block_sizes: [1, 32, 64], num_warps: 1, slice_k: 1, mma: 'direct' } as const
  const wgsl = subject.compiled.wgsl(config)
  const differences = (wgsl.match(/ - zero_\d+/g) ?? []).length
  const weights = (wgsl.match(/= fma\(bitcast<vec4f>/g) ?? []).length
  expect(weights).toBe(16)
  expect(differences).toBe(4)
  subject.expectRight(config)
})

it('and before halves are staged for matrix units', () => {
  const args = [of([16, 64]), of([32, 64], 'u4'), of([32, 4]), of([32, 4], 'u4')]
  const subject = new OnCpu(ofRows as never, args, {
    subgroupMatrices: [{ m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' }],
    tolerance: { abs: 1e-2, rel: 1e-2 },
  })
  const config = { block_sizes: [16, 32, 64], num_warps: 1, mma: 'subgroup_matrix' } as const
  const wgsl = subject.compiled.wgsl(config)
  const differences = wgsl.match(/ = .* - .*zero_/g) ?? []
  // For each of four groups one at either place of bits in a half, not for each of a thread's 64 weights.
  expect(differences).toHaveLength(8)
  for (const difference of differences) expect(difference).toContain('vec2h(-')
  subject.expectRight(config)
})

const RAGGED = [of([5, 48]), of([35, 48], 'u4'), of([35, 3]), of([35, 3], 'u4')]

it.each(['direct', 'fma'] as const)(
  'at a ragged end a shared scale is masked, not each weight: %s',
  (mma) => {
    const { compiled } = new OnCpu(ofRows as never, RAGGED, { dynamic: true })
    const wgsl = compiled.wgsl({ block_sizes: [8, 32, 64], num_warps: 2, slice_k: 1, mma })
    expect(wgsl).toMatch(/select\(0\.0h, (scale|now)_/)
    expect(wgsl).not.toMatch(/v_\d+ = select\(vec/)
  },
)

it.each([true, false])('what lies beyond the last group adds nothing, dynamic: %s', (dynamic) => {
  const [x, w, , zero] = RAGGED
  if (!x || !w || !zero) return expect.fail('an argument is gone')
  // One group more than there are weights for, whose scales are no numbers.
  const scale = {
    ...of([35, 4]),
    data: Array.from({ length: 140 }, (_, i) => (i % 4 === 3 ? Number.NaN : 1)),
  }
  const subject = new OnCpu(ofRows as never, [x, w, scale, of([35, 4], 'u4')], {
    dynamic,
    registerBudget: 4096,
    subgroupMatrices: [{ m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' }],
    tolerance: { abs: 1e-2, rel: 1e-2 },
  })
  expect(subject.wanted.at(-1)?.every(Number.isFinite)).toBe(true)
  for (const mma of ['direct', 'fma', 'subgroup_matrix'] as const)
    subject.expectRight({ block_sizes: [16, 32, 64], num_warps: 1, mma })
})

it('words wait for their round, and weights are made of them when they are staged', () => {
  const [fn, args] = CASES['of i4'] ?? expect.fail('a case is gone')
  const subject = new OnCpu(fn as never, args, {
    subgroupMatrices: [{ m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' }],
  })
  const wgsl = subject.compiled.wgsl({
    block_sizes: [16, 32, 32],
    num_warps: 1,
    num_stages: 2,
    mma: ['subgroup_matrix'],
  })
  const branch = wgsl.slice(wgsl.indexOf('if (tile'))
  const ahead = branch.slice(0, branch.indexOf('}'))
  expect(ahead).toContain('waiting_')
  expect(ahead).not.toMatch(/vec4h|f16/)
})

it.each([
  [4096, 'i4', [128, 128, 32]],
  // Smaller tiles leave room for two workgroups anyway.
  [1024, 'i4', [64, 64, 64]],
  [4096, 'f16', [128, 128, 32]],
] as const)('by default, %d columns of %s have tiles of %j', (n, dtype, sizes) => {
  const sized = (shape: readonly number[], type: StorageType = 'f16') => {
    return { shape, dtype: type, data: [], dynamic: undefined }
  }
  const args = [sized([n, n]), sized([n, n], dtype), sized([n / GROUP, n])]
  const { spec } = new Compiled(ofColumns as never, args as never, {
    ...DEVICES.H200,
    registerBudget: 200,
    subgroupMatrices: [{ m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' }],
  })
  expect(spec.defaultConfig().data.block_sizes).toEqual(sizes)
})

it('a thread reads the scale of a group of rows once', () => {
  const subject = new OnCpu(ofColumns as never, [of([64, 128]), of([128, 64], 'i4'), of([8, 64])], {
    subgroupMatrices: [{ m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' }],
    tolerance: { abs: 1e-2, rel: 1e-2 },
  })
  const config = { block_sizes: [32, 64, 32], num_warps: 1, mma: 'subgroup_matrix' } as const
  subject.expectRight(config)
  const wgsl = subject.compiled.wgsl(config)
  const loop = wgsl.slice(wgsl.indexOf('for ('))
  // 64 weights of a thread lie in 8 rows, of one group and in one word each.
  expect(loop.match(/= scale_vec8\[/g)).toHaveLength(1)
  expect(loop.match(/= w_data\[/g)).toHaveLength(8)
})

it.each([
  ['i4', 16, -8],
  ['u4', 16, 0],
  ['i8', 256, -128],
  ['u8', 256, 0],
] as const)('every %s is a half float', (dtype, count, least) => {
  const halves = (w: Tensor): Tensor => {
    const out = hl.empty(w.shape, 'f16')
    for (const t of hl.tile(w.shape[0])) out.at(t).set(w.at(t).to('f16'))
    return out
  }
  const subject = new OnCpu(halves as never, [
    {
      shape: [256],
      dtype,
      data: Array.from({ length: 256 }, (_, i) => (i % count) + least),
      dynamic: undefined,
    },
  ])
  expect(subject.compiled.wgsl()).toContain('bitcast<vec2h>')
  for (const size of [32, 64, 256])
    for (const indexing of ['block_ptr', 'pointer'] as const)
      subject.expectRight({ block_sizes: [size], num_warps: 1, indexing: [indexing, 'block_ptr'] })
})
