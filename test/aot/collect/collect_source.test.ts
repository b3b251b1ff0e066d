/** The collect phase on real kernels: what is tuned, what is recorded, and that programs do not notice. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { RecordWriter } from '../../../src/aot/run/record_writer.ts'
import { runFiles } from '../../../src/aot/run/run_folder.ts'
import type { Config } from '../../../src/config/config.ts'
import { getDevice, ones, randn, type Tensor } from '../../../src/index.ts'
import { hardwareId } from '../../../src/runtime/device.ts'
import { listen } from '../../listen.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { eventsIn, inPhase, multiply, plusOne, recordsIn, rowSum } from '../phase_kernels.ts'
import { kernelRecord, tuned } from '../run/records_for_tests.ts'

let stderr: { readonly text: string }

beforeEach(() => {
  stderr = listen()
})
afterEach(() => vi.restoreAllMocks())

it('tunes each new shape once and runs the call with the result', async () => {
  const folder = temporaryFolder()
  const kernel = plusOne(inPhase('collect', folder))
  for (const size of [256, 1000, 256]) {
    const values = await kernel(ones([size])).data()
    expect([...values]).toEqual(Array(size).fill(2))
  }
  const steps = ['trying', 'trial', 'turns']
  const [run, registered, ...others] = recordsIn(folder).filter(({ event }) => !steps.includes(event))
  expect(run).toMatchObject({ event: 'run', versions: { node: process.versions.node } })
  expect(registered).toMatchObject({
    event: 'kernel',
    kernel: 'plus_one',
    source_hash: kernel.definition.sourceHash,
    source_file: expect.stringMatching(/test\/aot\/phase_kernels\.ts$/),
  })
  expect(others.map((record) => record.event)).toEqual(['shape', 'tuned', 'shape', 'tuned'])
  for (const { default_config = {} } of eventsIn(folder, 'shape'))
    expect(default_config).toMatchObject({ block_sizes: [expect.any(Number)], pid_type: 'flat' })
  for (const record of eventsIn(folder, 'tuned')) {
    expect(record.timing_ms).toBeGreaterThan(0)
    expect(record.configs_tried).toBeGreaterThan(1)
    expect(record.config).toMatchObject({ num_warps: 2, block_sizes: [expect.any(Number)] })
    for (const config of record.runners_up ?? []) expect(config).not.toEqual(record.config)
  }
  expect(stderr.text).toMatch(
    /^helion-aot collect: plus_one f32\[256\]: tuned in [\d.]+ s: .+, best of \d+ configs, .+; 1 of 1 shape/m,
  )
})

it('begins a search with what won on other shapes', async () => {
  const folder = temporaryFolder()
  const seen: Config[] = []
  const configFilter = (config: Config): Config => {
    seen.push(config)
    return config
  }
  const kernel = plusOne({
    ...inPhase('collect', folder),
    autotuneConfigOverrides: {},
    configFilter,
  })
  const winner = { block_sizes: [32], num_warps: 1, pid_type: 'persistent_blocked' }
  const { records } = runFiles(folder, hardwareId(await getDevice()))
  new RecordWriter(records).append(
    kernelRecord('plus_one', kernel.definition.sourceHash),
    tuned('plus_one', 64, winner),
    tuned('plus_one', 128, { block_sizes: [2, 2] }),
  )
  await kernel(ones([600])).data()
  expect(seen[1]).toMatchObject({ data: winner })
  expect(stderr.text).not.toContain('block_sizes')
})

it('lets a kernel that writes its arguments do so once', async () => {
  const folder = temporaryFolder()
  const x = ones([300])
  multiply(inPhase('collect', folder))(x, 3)
  expect(new Set(await x.data())).toEqual(new Set([3]))
  expect(eventsIn(folder, 'tuned')).toHaveLength(1)
})

it('takes calls that differ in batched dimensions only for one shape', async () => {
  const folder = temporaryFolder()
  const kernel = rowSum(inPhase('collect', folder))
  for (const rows of [16, 32, 48]) expect((await kernel(ones([rows, 64])).data())[0]).toBe(64)
  const tuned = eventsIn(folder, 'tuned')
  expect(tuned).toHaveLength(1)
  expect(Object.keys(tuned[0]?.shape_features ?? {})).not.toContain('arg0_dim0')
  expect(eventsIn(folder, 'kernel')[0]?.batched).toEqual([[0, null]])
})

it('knows the shapes ahead when the program does not wait for each', async () => {
  const kernel = plusOne(inPhase('collect', temporaryFolder()))
  const results = [64, 128, 192, 320].map((size) => kernel(randn([size])))
  await Promise.all(results.map((tensor) => tensor.data()))
  expect(stderr.text).toMatch(/f32\[64\]: .*; 1 of 4 shapes known so far, about [\d.]+ s left/)
  expect(stderr.text).toMatch(/f32\[320\]: .*; 4 of 4 shapes known so far$/m)
})

it('tunes for the inputs of collectFn and for nothing else', async () => {
  const folder = temporaryFolder()
  let made = 0
  const collectFn = function* () {
    for (const size of [64, 512]) {
      made++
      yield [randn([size])] as [Tensor]
    }
  }
  const kernel = plusOne({ ...inPhase('collect', folder), collectFn })
  for (const size of [100, 200, 100]) expect((await kernel(ones([size])).data())[0]).toBe(2)
  await kernel(ones([8])).data()
  expect(made).toBe(2)
  expect(eventsIn(folder, 'tuned').map(({ shape_features }) => shape_features.arg0_dim0)).toEqual([64, 512])
})

it('names a collectFn that fails', async () => {
  const folder = temporaryFolder()
  const collectFn = () => {
    throw new Error('no data here')
  }
  const kernel = plusOne({ ...inPhase('collect', folder), collectFn })
  await expect(kernel(ones([64])).data()).rejects.toThrow('collectFn of plus_one failed: no data here')
})

it('goes on when a shape cannot be tuned, and says why', async () => {
  const folder = temporaryFolder()
  const baselineFn = (x: Tensor): Tensor => (x.shape[0] === 128 ? ones([128]) : plusOneByHand(x))
  const kernel = plusOne({ ...inPhase('collect', folder), baselineFn })
  for (const size of [128, 256]) expect((await kernel(ones([size])).data())[0]).toBe(2)
  expect(eventsIn(folder, 'failure')).toMatchObject([{ phase: 'collect', kernel: 'plus_one' }])
  expect(eventsIn(folder, 'failure')[0]?.reason).toMatch(/none of the \d+ configs tried for plus_one works/)
  expect(eventsIn(folder, 'tuned').map(({ shape_features }) => shape_features.arg0_dim0)).toEqual([256])
  expect(stderr.text).toMatch(/helion-aot collect: plus_one f32\[128\]: failed: none of the/)
})

function plusOneByHand(x: Tensor): Tensor {
  return plusOne({ config: {} })(x)
}

it('leaves kernels alone that HELION_AOT_KERNELS does not name, and those with a config', async () => {
  const folder = temporaryFolder()
  const other = plusOne({ ...inPhase('collect', folder), aotKernels: ['multiply'] })
  const fixed = rowSum({ ...inPhase('collect', folder), config: { num_warps: 1 } })
  expect((await other(ones([64])).data())[0]).toBe(2)
  expect((await fixed(ones([4, 4])).data())[0]).toBe(4)
  expect(recordsIn(folder)).toEqual([])
  expect(stderr.text).toBe('')
})

it('does not search where the author lists configs; the kernel only takes part', async () => {
  const folder = temporaryFolder()
  const kernel = plusOne({ ...inPhase('collect', folder), configs: [{ num_warps: 1 }, { num_warps: 2 }] })
  expect((await kernel(ones([64])).data())[0]).toBe(2)
  expect(recordsIn(folder).map(({ event }) => event)).toEqual(['run', 'kernel', 'shape'])
  expect(eventsIn(folder, 'shape')[0]?.configs).toMatchObject([{ num_warps: 1, pid_type: 'flat' }, {}])
})

it('does not record calls that have nothing to do', async () => {
  const folder = temporaryFolder()
  const values = await plusOne(inPhase('collect', folder))(ones([0])).data()
  expect(values).toHaveLength(0)
  expect(eventsIn(folder, 'tuned')).toEqual([])
  expect(stderr.text).toContain('f32[0]: nothing to tune')
})

it('refuses two kernels of one name', async () => {
  const folder = temporaryFolder()
  const first = plusOne(inPhase('collect', folder))
  const second = rowSum({ ...inPhase('collect', folder), name: 'plus_one' })
  await first(ones([64])).data()
  await expect(second(ones([4, 4])).data()).rejects.toThrow('two kernels of this program are named plus_one')
})

it('goes on with a search that was cut off, the same way and without trying anything twice', async () => {
  // So many elements that no search is over early.
  const call = (folder: string) => plusOne(inPhase('collect', folder))(ones([300_000])).data()
  const whole = temporaryFolder()
  const before = await call(whole)
  const records = recordsIn(whole)
  const cut = records.findIndex((record) => record.event === 'turns') + 1
  expect(cut).toBeGreaterThan(2)
  const folder = temporaryFolder()
  const writer = new RecordWriter(runFiles(folder, hardwareId(await getDevice())).records)
  writer.append(...records.slice(0, cut))
  writer.close()
  expect(await call(folder)).toEqual(before)
  const after = recordsIn(folder)
  expect(after.slice(0, cut)).toEqual(records.slice(0, cut))
  const tried = after.flatMap((record) => (record.event === 'trial' ? [record.config_hash] : []))
  expect(new Set(tried).size).toBe(tried.length)
  const [ended] = after.filter((record) => record.event === 'tuned')
  expect(ended?.configs_tried).toBe(tried.length)
})
