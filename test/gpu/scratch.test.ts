/**
 * Scratch memory: tensors that the kernel keeps to itself, and what passes add. Two dispatches meet in it,
 * and every launch takes it from the pool.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { kernelWrites } from '../../src/autotuner/trial/kernel_writes.ts'
import { LocalRunner } from '../../src/autotuner/trial/local_runner.ts'
import { trialProgram, trialSubject } from '../../src/autotuner/trial/trial_program.ts'
import { runPasses, wgslOf } from '../../src/codegen/compile.ts'
import { BoundConfig } from '../../src/codegen/plan/bound_config.ts'
import type { Config } from '../../src/config/config.ts'
import { hl, kernel, type Tensor, tensor } from '../../src/index.ts'
import { NodeFactory, RegionBuilder } from '../../src/ir/build.ts'
import { interpretTileProgram } from '../../src/ir/interpret.ts'
import type { KernelIr } from '../../src/ir/kernel_ir.ts'
import { printProgram } from '../../src/ir/print.ts'
import { addScratch, mapGrids, type TileProgram } from '../../src/ir/tile_program.ts'
import { rewriteRegion } from '../../src/ir/traverse.ts'
import { verifyProgram } from '../../src/ir/verify.ts'
import { planLaunch } from '../../src/kernel/launch_plan.ts'
import { getDevice } from '../../src/runtime/default_device.ts'
import type { Device } from '../../src/runtime/device.ts'
import { decodeBytes } from '../../src/runtime/memory/host_data.ts'
import type { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
import { ramp, trial } from '../autotuner/kernel_trials.ts'
import { grownBytes } from '../grown_bytes.ts'
import { whole } from './inputs.ts'
import { Subject } from './subject.ts'

/** Doubles in one grid, and turns round what that leaves in another. */
function doubledBackwards(x: Tensor): Tensor {
  const [n] = x.shape
  const between = hl.emptyLike(x)
  const out = hl.emptyLike(x)
  for (const t of hl.tile(n)) between.at(t).set(x.at(t).mul(2))
  for (const t of hl.tile(n)) out.at(t).set(between.at(t.index.neg().add(hl.sub(n, 1))).add(1))
  return out
}

/** A pass for these tests: the grids meet in other memory than the kernel says. */
function elsewhere(program: TileProgram): TileProgram {
  const between = program.tensors.find(({ role }) => role === 'scratch')
  if (!between) throw new Error('no scratch')
  const nodes = new NodeFactory()
  const { program: larger, id } = addScratch(program, { ...between, name: 'elsewhere' })
  return mapGrids(larger, (grid) => {
    const builder = new RegionBuilder(nodes)
    rewriteRegion(grid.body, builder, new Map(), (spec) =>
      'tensor' in spec && spec.tensor === between.id ? { ...spec, tensor: id } : spec,
    )
    return { ...grid, body: builder.nodes }
  })
}

function compiled(ir: KernelIr, config: Config, { limits }: Pick<Device, 'limits'>) {
  const bound = new BoundConfig(ir, config, limits)
  const program = elsewhere(runPasses(bound))
  verifyProgram(program)
  return { program, wgsl: wgslOf({ program, bound }) }
}

const N = 1001
const BACKWARDS = Array.from({ length: N }, (_, i) => 2 * (N - 1 - i) + 1)

describe('a program with scratch', () => {
  let subject: Subject
  beforeAll(async () => {
    subject = await Subject.of(doubledBackwards, [whole([N])])
  })

  it('prints, and says what it needs', () => {
    const { program, wgsl } = compiled(subject.bound.ir, subject.config(), subject.device)
    expect(printProgram(program)).toContain('  scratch elsewhere: f32[x.shape[0]]\n')
    const bytes = { key: '(x.shape[0] * 4)' }
    expect(wgsl.scratch).toMatchObject([
      { dtype: 'f32', bytes },
      { dtype: 'f32', bytes },
    ])
    expect(wgsl.dispatches.map(({ bindings }) => bindings)).toEqual([
      [
        { tensor: 0, access: 'read' },
        { scratch: 1, access: 'read_write' },
      ],
      [
        { scratch: 1, access: 'read' },
        { tensor: 1, access: 'read_write' },
      ],
    ])
  })

  it('gives the same in the interpreter, and on the GPU under several configs', async () => {
    const wanted = subject.after[1]?.data ?? []
    for (const config of [{}, { block_sizes: [64, 16] }, { block_sizes: [8, 256], num_warps: 1 }]) {
      const { program, wgsl } = compiled(subject.bound.ir, subject.config(config), subject.device)
      const tensors = subject.after.map(({ shape, data }, i) => {
        return { shape, data: i === 0 ? data : new Float64Array(data.length) }
      })
      interpretTileProgram(program, tensors, [])
      expect(tensors[1]?.data).toEqual(wanted)
      expect([...((await subject.run(wgsl))[1] as Float32Array)]).toEqual([...wanted])
    }
  })

  it('is refused when the device cannot bind so much at once', () => {
    const { wgsl } = compiled(subject.bound.ir, subject.config(), subject.device)
    const limits = { ...subject.device.limits, maxBindingBytes: 4000 }
    expect(() => planLaunch(wgsl, { tensors: [{ shape: [N] }] }, { limits })).toThrow(
      'the config needs 4004 bytes of scratch memory in one buffer; the device binds 4000',
    )
  })
})

describe('launches', () => {
  it('take scratch from the pool, queued or at once, and give it back', async () => {
    const device = await getDevice()
    const backwards = kernel({ config: {} }, doubledBackwards)
    const x = tensor(Array.from({ length: N }, (_, i) => i))
    const call = async () => {
      const out = backwards(x) as DeviceTensor
      expect([...(await out.data())]).toEqual(BACKWARDS)
      out.dispose()
    }
    for (let i = 0; i < 2; i++) await call()
    const { created } = device.pool.stats
    const calls = async () => {
      for (let i = 0; i < 10; i++) await call()
    }
    expect(await grownBytes(device, calls)).toBe(0)
    expect(device.pool.stats.created).toBe(created)
  })

  it('of several calls in a row do not disturb each other', async () => {
    const backwards = kernel({ config: {} }, doubledBackwards)
    const numbers = Array.from({ length: 5 }, (_, call) =>
      Array.from({ length: N }, (_, i) => i * (call + 1)),
    )
    const results = numbers.map((list) => backwards(tensor(list)) as DeviceTensor)
    for (const [call, result] of results.entries())
      expect([...(await result.data())]).toEqual(BACKWARDS.map((value) => (value - 1) * (call + 1) + 1))
  })

  it('of a search have it as well', async () => {
    const { bound, call, stream, device, spec } = await trial(doubledBackwards, [await ramp([N])])
    const { wgsl } = compiled(bound.ir, spec.defaultConfig(), device)
    const { subject, contents } = trialSubject(bound.ir, kernelWrites(bound.ir), call)
    const runner = await LocalRunner.open({ device, stream, subject, patienceMs: 60_000 }, contents)
    const program = trialProgram(planLaunch(wgsl, call, device), call.scalars)
    const [x, out] = [0, 1]
    const places = new Map([
      [x, undefined],
      [out, undefined],
    ])
    await runner.answers(program, places, 60_000)
    expect(await grownBytes(device, () => runner.answers(program, places, 60_000))).toBe(0)
    const bytes = await runner.answers(program, places, 60_000)
    const [given = [], got] = [x, out].map((id) => [
      ...decodeBytes(bytes.get(id) ?? new ArrayBuffer(), 'f32'),
    ])
    expect(got).toEqual(given.map((value) => 2 * value + 1).reverse())
    runner.dispose()
  })
})
