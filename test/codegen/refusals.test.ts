/** Configs that cannot be built: each with the number, the limit and a way out. */
import { describe, expect, it } from 'vitest'
import { compileKernel } from '../../src/codegen/compile.ts'
import { Config, type ConfigInput } from '../../src/config/config.ts'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { ConfigError } from '../../src/support/errors.ts'
import * as kernels from '../gpu/kernels.ts'
import { ramp } from '../language/harness.ts'
import { Compiled } from './compiling.ts'

function doubled(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(2))
  return out
}

function matmul(x: Tensor, y: Tensor): Tensor {
  const [m, k] = x.shape
  const out = hl.empty([m, y.shape[1]])
  for (const [i, j] of hl.tile([m, y.shape[1]])) {
    const acc = hl.zeros([i, j])
    for (const l of hl.tile(k)) acc.addDot(x.at(i, l), y.at(l, j))
    out.at(i, j).set(acc)
  }
  return out
}

/** What a config is refused with: the remedy is followed, and works. */
function refusal(compiled: Compiled, config: ConfigInput): ConfigError {
  try {
    compiled.program(config)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const explained = compiled.spec.explain(error, compiled.config(config))
    const [, fields = ''] = /^With (.*) it can be built\.$/.exec(explained.remedy ?? '') ?? []
    compiled.program({ ...config, ...parsed(fields) })
    return explained
  }
  throw new Error('nothing was refused')
}

/** `name: value and name: value`, as an object. */
function parsed(fields: string): ConfigInput {
  const quoted = fields.replaceAll("'", '"').replace(/(\w+):/g, '"$1":')
  return JSON.parse(`{${quoted.replaceAll(' and ', ', ')}}`) as ConfigInput
}

describe('what a device does not have', () => {
  it('registers', () => {
    const compiled = new Compiled(doubled, [ramp([65_536])])
    expect(refusal(compiled, { block_sizes: [16_384], num_warps: 1 }).message).toBe(
      'the config needs about 512 registers per thread; the budget is 256\n' +
        '  With num_warps: 2 it can be built.',
    )
    const small = new Compiled(doubled, [ramp([65_536])], { registerBudget: 100 })
    expect(refusal(small, { block_sizes: [4096], num_warps: 1 }).message).toMatch(
      /^the config needs about 128 registers per thread; the budget is 100\n/,
    )
  })

  it('registers for a row that can be streamed, and for one that cannot', () => {
    const softmax = new Compiled(kernels.softmax, [ramp([4, 65_536])])
    expect(refusal(softmax, { reduction_loops: [null], num_warps: 8 }).remedy).toBe(
      'With reduction_loops: [16384] it can be built.',
    )
    const argmax = new Compiled(kernels.argmaxRows, [ramp([4, 2048])])
    expect(refusal(argmax, { block_sizes: [4], num_warps: 1 }).remedy).toBe(
      'With num_warps: 2 it can be built.',
    )
    const long = new Compiled(kernels.argmaxRows, [ramp([2, 200_000])])
    expect(() => long.config()).toThrow(
      'no config of this kernel can be built here: with tiles of one element, ' +
        'the config needs about 1025 registers per thread; the budget is 256\n' +
        "  It holds up to 200000 elements of one dimension: walk that with hl.tile instead of ':'.",
    )
  })

  it('a share of the registers for each of many threads', () => {
    const square = (x: Tensor): void => {
      for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) x.at(i, j).set(x.at(i, j).mul(2))
    }
    const compiled = new Compiled(square, [ramp([512, 512])], { maxWorkgroupInvocations: 1024 })
    expect(refusal(compiled, { block_sizes: [256, 512], num_warps: 32 }).what).toBe(
      'the config needs about 128 registers per thread; the budget is 64',
    )
    expect(() => compiled.program({ block_sizes: [128, 256], num_warps: 8 })).not.toThrow()
  })

  it('registers for values that are read again, but not for steps on the way', () => {
    const rows = (body: (row: TileValue) => TileValue) => {
      const fn = (x: Tensor): void => {
        for (const i of hl.tile(x.shape[0])) x.at(i, ':').set(body(x.at(i, ':')))
      }
      const compiled = new Compiled(fn, [ramp([4, 4096])])
      return compiled.program({ block_sizes: [1], num_warps: 8 }).dispatches[0]?.registers
    }
    // 4,096 elements for 256 threads are 16 each; rows, addresses and what is in the making are more.
    expect(rows((v) => v.mul(2).add(1).exp())).toBe(21)
    expect(rows((v) => v.sub(v.amax(-1, { keepdim: true })).exp())).toBe(25)
    const twice = (v: TileValue, e: TileValue): TileValue => e.div(e.sum(-1, { keepdim: true })).mul(v)
    expect(rows((v) => twice(v, v.exp()))).toBe(41)
  })

  it('workgroup memory', () => {
    const compiled = new Compiled(matmul, [ramp([128, 128]), ramp([128, 128])])
    const config = { block_sizes: [128, 64, 64], num_warps: 8 }
    expect(refusal(compiled, config).message).toBe(
      'the config needs 50176 bytes of workgroup memory; the device has 32768\n' +
        '  With block_sizes: [128, 64, 32] it can be built.',
    )
    expect(compiled.program({ ...config, block_sizes: [128, 64, 32] }).dispatches[0]?.workgroupBytes).toBe(
      25_088,
    )
  })

  it('invocations', () => {
    const compiled = new Compiled(doubled, [ramp([1000])])
    const smaller = { ...compiled.limits, maxWorkgroupInvocations: 128 }
    expect(() => compileKernel(compiled.kernel, compiled.config({ num_warps: 8 }), smaller)).toThrow(
      'num_warps 8 makes 256 invocations; the device allows 128',
    )
  })

  it('bindings', () => {
    const many = (xs: readonly Tensor[]): Tensor => {
      const [first] = xs
      if (!first) throw new Error('no tensors')
      const out = hl.emptyLike(first)
      for (const t of hl.tile(first.shape[0]))
        out.at(t).set(xs.map((x) => x.at(t).add(0)).reduce((a, b) => a.add(b)))
      return out
    }
    const compiled = new Compiled(many, [Array.from({ length: 8 }, () => ramp([8]))])
    expect(() => compiled.config()).toThrow(
      'no config of this kernel can be built here: with tiles of one element, ' +
        'the kernel uses 9 storage bindings at once; the device allows 8\n' +
        '  Split the kernel, or pass fewer tensors.',
    )
    new Compiled(many, [Array.from({ length: 8 }, () => ramp([8]))], { maxStorageBindings: 9 }).program()
    new Compiled(many, [Array.from({ length: 7 }, () => ramp([8]))]).program()
  })
})

describe('what a kernel does not have', () => {
  it('three dimensions for xyz', () => {
    const four = (x: Tensor): void => {
      for (const [i, j, k, l] of hl.tile([2, 3, 4, 5])) x.at(i, j, k, l).set(1)
    }
    const compiled = new Compiled(four, [ramp([2, 3, 4, 5])])
    expect(compiled.input.pidTypes).not.toContain('xyz')
    const config = new Config({ ...compiled.config().data, pid_type: 'xyz' })
    expect(() => compileKernel(compiled.kernel, config, compiled.limits)).toThrow(
      new ConfigError("pid_type 'xyz' needs at most 3 dimensions; the grid has 4", {
        remedy: "Use pid_type 'flat'.",
      }),
    )
  })

  it('as many blocks as the config', () => {
    const compiled = new Compiled(matmul, [ramp([16, 16]), ramp([16, 16])])
    expect(() => compiled.config({ block_sizes: [16] })).toThrow(
      'config field block_sizes has 1 entries ([16]); this kernel takes 3, one for each tile dimension',
    )
    const short = new Config({ ...compiled.config().data, block_sizes: [16] })
    expect(() => compileKernel(compiled.kernel, short, compiled.limits)).toThrow(
      new ConfigError('block_sizes has 1 entries, the kernel needs more', {
        remedy: 'Complete it: spec.normalize(config).',
      }),
    )
  })
})
