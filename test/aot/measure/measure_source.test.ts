/** The measure phase on real kernels: every candidate on every shape, once. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { MeasurementRecord } from '../../../src/aot/records.ts'
import { RecordWriter } from '../../../src/aot/run/record_writer.ts'
import { hardwareIdsIn, runFiles } from '../../../src/aot/run/run_folder.ts'
import type { TrialRecord } from '../../../src/aot/trial_records.ts'
import type { Measurement } from '../../../src/autotuner/trial/benchmarker.ts'
import { KernelBenchmarker } from '../../../src/autotuner/trial/kernel_benchmarker.ts'
import {
  aotKernel,
  Config,
  full,
  getDevice,
  hardwareId,
  hl,
  type KernelOptions,
  ones,
  randn,
  type Tensor,
} from '../../../src/index.ts'
import { sha16 } from '../../../src/support/stable.ts'
import { listen } from '../../listen.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { cellsIn, eventsIn, inPhase, multiply, plusOne } from '../phase_kernels.ts'
import { kernelRecord, tuned } from '../run/records_for_tests.ts'

let stderr: { readonly text: string }

beforeEach(() => {
  stderr = listen()
})
afterEach(() => vi.restoreAllMocks())

/** A run folder in which configs were found for a kernel by an earlier process. */
async function collected(kernel: string, sourceHash: string, configs: readonly object[]): Promise<string> {
  const folder = temporaryFolder()
  const writer = new RecordWriter(runFiles(folder, hardwareId(await getDevice())).records)
  writer.append(kernelRecord(kernel, sourceHash))
  configs.forEach((config, i) => void writer.append(tuned(kernel, 10_000 + i, config as never)))
  writer.close()
  return folder
}

function hashOf(kernel: typeof plusOne | typeof multiply): string {
  return (kernel as typeof plusOne)({}).definition.sourceHash
}

function timed(config: Config, ms: number): Measurement {
  const unknown = { compileMs: undefined, programHash: undefined, reason: undefined }
  return { config, status: 'ok', ms, spread: 0, samplesMs: [ms], ...unknown }
}

/** Configs that are timed alone take as long as any other; in turns they take what `inTurns` says. */
function timesAre(inTurns: KernelBenchmarker['remeasure']): void {
  vi.spyOn(KernelBenchmarker.prototype, 'measure').mockImplementation(async (configs, { onMeasured }) => {
    const results = configs.map((config) => timed(config, 1))
    for (const result of results) onMeasured?.(result)
    return results
  })
  vi.spyOn(KernelBenchmarker.prototype, 'remeasure').mockImplementation(inTurns)
}

/** As the search would have recorded it, with a time that nothing else has. */
function trialOf(cell: MeasurementRecord, sameProgram: boolean): TrialRecord {
  const { kernel, shape_hash, config_hash, config, wgsl_hash = '' } = cell
  const ms = 0.012345
  return {
    event: 'trial',
    kernel,
    shape_hash,
    config_hash,
    config,
    status: 'ok',
    time: { ms, spread: 0.01, samples: [ms] },
    wgsl_hash: sameProgram ? wgsl_hash : `${wgsl_hash} of an earlier version`,
    seconds: 1,
  }
}

it('measures every known config and the default on every shape', async () => {
  const configs = [
    { block_sizes: [64], num_warps: 1 },
    { block_sizes: [256], num_warps: 8 },
  ]
  const folder = await collected('plus_one', hashOf(plusOne), configs)
  const kernel = plusOne(inPhase('measure', folder))
  for (const size of [1000, 900, 1000])
    expect(new Set(await kernel(ones([size])).data())).toEqual(new Set([2]))
  const cells = cellsIn(folder)
  expect(cells.map(({ shape_features, config }) => [shape_features.arg0_dim0, config])).toEqual(
    expect.arrayContaining([1000, 900].flatMap((size) => configs.map((config) => [size, config]))),
  )
  for (const cell of cells) {
    expect(cell).toMatchObject({
      status: 'ok',
      compile_ms: expect.any(Number),
      wgsl_hash: expect.any(String),
    })
    expect(cell.samples.length).toBeGreaterThan(0)
  }
  const standard = eventsIn(folder, 'shape').map(({ shape_hash, default_config }) => [
    shape_hash,
    default_config,
  ])
  expect(cells.filter((cell) => cell.is_default).map((cell) => [cell.shape_hash, cell.config])).toEqual(
    standard,
  )
  expect(standard.map(([, config]) => Object.keys(config ?? {}))).toEqual([
    Object.keys(kernel.bind(ones([1000])).defaultConfig().data),
    Object.keys(kernel.bind(ones([900])).defaultConfig().data),
  ])
  expect(cells).toHaveLength(6)
  // One sample is enough where the first run took long.
  expect(Math.max(...cells.map(({ samples }) => samples.length))).toBeGreaterThanOrEqual(3)
  expect(eventsIn(folder, 'tuned')).toHaveLength(2)
  expect(stderr.text).toMatch(
    /^helion-aot measure: plus_one f32\[1000\]: 3 configs in [\d.]+ s; 1 of 3 shapes/m,
  )
})

it.each([
  ['times what the search of this run has timed in turns only', true],
  ['measures again what was another program when the search timed it', false],
])('%s', async (_, same) => {
  const { data } = plusOne(inPhase('measure', temporaryFolder()))
    .bind(ones([1000]))
    .defaultConfig()
  const configs = [1, 8].map((num_warps) => ({ ...data, block_sizes: [64], num_warps }))
  const before = await collected('plus_one', hashOf(plusOne), configs)
  await plusOne(inPhase('measure', before))(ones([1000])).data()
  const folder = await collected('plus_one', hashOf(plusOne), configs)
  const trials = eventsIn(before, 'measurement').flatMap((cell) =>
    cell.round === 'first' ? [trialOf(cell, same)] : [],
  )
  const writer = new RecordWriter(runFiles(folder, hardwareId(await getDevice())).records)
  writer.append(...trials)
  writer.close()
  await plusOne(inPhase('measure', folder))(ones([1000])).data()
  const [firsts, turns] = ['first', 'turns'].map((round) =>
    eventsIn(folder, 'measurement').filter((cell) => cell.round === round),
  )
  const keptTimes = firsts?.filter(({ timing_ms }) => trials.some(({ time }) => time?.ms === timing_ms))
  expect(keptTimes).toHaveLength(same ? trials.length : 0)
  const begun = eventsIn(folder, 'trying').flatMap(({ in_turns, config_hashes }) =>
    in_turns ? [] : config_hashes,
  )
  expect(new Set(begun).size).toBe(same ? 0 : trials.length)
  expect(firsts).toHaveLength(trials.length)
  expect(turns).not.toEqual([])
})

it('times the best with warm caches too, where those are another thing', async () => {
  const { data } = plusOne(inPhase('measure', temporaryFolder()))
    .bind(ones([1000]))
    .defaultConfig()
  const configs = [1, 2, 8].map((num_warps) => ({ ...data, block_sizes: [64], num_warps }))
  const folder = await collected('plus_one', hashOf(plusOne), configs)
  const asked: (readonly (number | undefined)[])[] = []
  const made = [1, 1.2, 1.3, 5]
  // A software adapter has no cold caches: what a GPU would answer.
  timesAre(async (wanted, { warmCache }) => {
    asked.push(wanted.map(({ numWarps }) => numWarps))
    const times = warmCache ? [0.4, 0.3] : made
    return wanted.map((config, i) => timed(config, times[i] ?? 9))
  })
  await plusOne(inPhase('measure', folder))(ones([1000])).data()
  const [all = [], near] = asked
  expect(all.length).toBeGreaterThan(2)
  expect(near).toEqual(all.slice(0, 2))
  const turns = eventsIn(folder, 'measurement').filter(({ round }) => round === 'turns')
  const times = turns.map(({ timing_ms, warm_ms }) => [timing_ms, warm_ms])
  expect(times).toEqual(made.slice(0, all.length).map((ms, i) => [ms, [0.4, 0.3][i]]))
})

it('times those again that samples cannot tell apart, and nothing without an end', async () => {
  await getDevice()
  const { data } = plusOne(inPhase('measure', temporaryFolder()))
    .bind(ones([1000]))
    .defaultConfig()
  const configs = [1, 2, 8].map((num_warps) => ({ ...data, block_sizes: [64], num_warps }))
  const folder = await collected('plus_one', hashOf(plusOne), configs)
  const asked: (readonly string[])[] = []
  timesAre(async (wanted, { warmCache }) => {
    if (!warmCache) asked.push(wanted.map(({ hash }) => hash))
    return wanted.map((config) => {
      const ms = (config.hash === asked[0]?.[2] ? 1.9 : 1) + 0.001 * asked.length
      return { ...timed(config, ms), samplesMs: [0.6, 0.8, 1, 1.2, 1.4].map((factor) => factor * ms) }
    })
  })
  await plusOne(inPhase('measure', folder))(ones([1000])).data()
  const [all = [], ...again] = asked
  const near = all.filter((_, i) => i !== 2)
  expect(near.length).toBeGreaterThan(1)
  expect(again).toEqual([near, near])
  const turns = eventsIn(folder, 'measurement').filter(({ round }) => round === 'turns')
  expect(turns).toHaveLength(all.length + 2 * near.length)
})

it('records what the compiler says of each config, for this shape and others', async () => {
  const config = { block_sizes: [64], num_warps: 2 }
  const folder = await collected('plus_one', hashOf(plusOne), [config])
  const kernel = plusOne(inPhase('measure', folder))
  for (const size of [1000, 20]) await kernel(ones([size])).data()
  const cells = cellsIn(folder).filter((cell) => sha16(cell.config) === sha16(config))
  expect(cells.map(({ facts }) => facts?.workgroups)).toEqual([
    'cdiv(arg0_dim0, 64)',
    'cdiv(arg0_dim0, min(64, max(nextPowerOf2(arg0_dim0), 1)))',
  ])
  expect(cells[0]?.facts).toMatchObject({ threads: 64, dispatches: 1, rounds: 1, needed: 'arg0_dim0' })
  expect(eventsIn(folder, 'run')[0]?.compute_units).toBeGreaterThan(0)
})

it('measures further shapes between those that are called, as many as are asked for', async () => {
  const folder = await collected('plus_one', hashOf(plusOne), [{ block_sizes: [64], num_warps: 2 }])
  const kernel = plusOne({ ...inPhase('measure', folder), aotDensify: 2 })
  for (const size of [1000, 3000, 2000])
    expect(new Set(await kernel(ones([size])).data())).toEqual(new Set([2]))
  const made = eventsIn(folder, 'shape').filter((shape) => shape.made)
  const sizes = made.map(({ shape_features }) => Number(shape_features.arg0_dim0))
  expect(sizes.length).toBeGreaterThan(0)
  expect(sizes.length).toBeLessThanOrEqual(2)
  for (const size of sizes) {
    expect(size % 8).toBe(0)
    expect(size).toBeGreaterThan(1000)
    expect(size).toBeLessThan(3000)
  }
  const measured = new Set(cellsIn(folder).map(({ shape_hash }) => shape_hash))
  for (const { shape_hash } of made) expect(measured).toContain(shape_hash)
  expect(stderr.text).toMatch(/plus_one f32\[3000\]: \d configs and (1 further shape|2 further shapes) in/)
})

it('makes further shapes by itself, as far as tuning took long enough, which count for no goal', async () => {
  const config = { block_sizes: [64], num_warps: 2 }
  const sizes = [1000, 3000]
  const measureIn = async (folder: string, settings: object = {}) => {
    const kernel = plusOne({ ...inPhase('measure', folder), aotDensify: null, ...settings })
    for (const size of sizes) await kernel(ones([size])).data()
    return eventsIn(folder, 'shape')
  }
  const hashes = (await measureIn(await collected('plus_one', hashOf(plusOne), [config]))).map(
    ({ shape_hash }) => shape_hash,
  )
  expect(hashes).toHaveLength(sizes.length)
  const tunedFor = async (seconds: number) => {
    const folder = await collected('plus_one', hashOf(plusOne), [])
    const writer = new RecordWriter(runFiles(folder, hardwareId(await getDevice())).records)
    hashes.forEach((shape_hash, i) => {
      writer.append(tuned('plus_one', sizes[i] ?? 0, config, { shape_hash, seconds }))
    })
    writer.close()
    return folder
  }
  const isMade = (shape: { readonly made?: boolean }) => shape.made === true
  expect((await measureIn(await tunedFor(0.001))).filter(isMade)).toEqual([])
  expect((await measureIn(await tunedFor(1e6), { aotDensify: 0 })).filter(isMade)).toEqual([])
  const folder = await tunedFor(1e6)
  const made = (await measureIn(folder)).filter(isMade).map(({ shape_hash }) => shape_hash)
  expect(made.length).toBeGreaterThan(0)
  expect(made.length).toBeLessThanOrEqual(sizes.length)
  for (const { shape_hash, weight } of cellsIn(folder))
    expect(weight).toBe(made.includes(shape_hash) ? 0 : undefined)
})

it('makes no shapes of integers, which may be positions or lengths', async () => {
  const folder = await collected('plus_one', hashOf(plusOne), [{ block_sizes: [64], num_warps: 2 }])
  const kernel = plusOne({ ...inPhase('measure', folder), aotDensify: 2 })
  for (const size of [1000, 3000]) await kernel(ones([size], { dtype: 'i32' })).data()
  expect(eventsIn(folder, 'shape').filter((shape) => shape.made)).toEqual([])
})

it('records no fact that nobody could read: it would cost the measurement', async () => {
  const roundsOfRounds = (options: KernelOptions<(x: Tensor, rounds: Tensor) => Tensor>) =>
    aotKernel(options, function rounds_of_rounds(x: Tensor, rounds: Tensor) {
      const out = hl.emptyLike(x)
      for (const tile of hl.tile(x.shape[0])) {
        const acc = hl.zeros([tile], 'f32')
        for (const _ of hl.grid(rounds.at(0)))
          for (const _again of hl.grid(rounds.at(0))) acc.addAssign(x.at(tile))
        out.at(tile).set(acc)
      }
      return out
    })
  const { sourceHash } = roundsOfRounds({}).definition
  const folder = await collected('rounds_of_rounds', sourceHash, [{ num_warps: 2 }])
  const kernel = roundsOfRounds(inPhase('measure', folder))
  expect(new Set(await kernel(ones([64]), full([1], 2, { dtype: 'i32' })).data())).toEqual(new Set([4]))
  const [cell] = eventsIn(folder, 'measurement')
  expect(cell).toMatchObject({ status: 'ok', facts: { threads: expect.any(Number) } })
  expect(cell?.facts).not.toHaveProperty('rounds')
})

it('records why a config has no time', async () => {
  const configs = [{ num_warps: 64 }, { block_sizes: [16384], num_warps: 1 }, { num_warps: 2 }]
  const folder = await collected('plus_one', hashOf(plusOne), configs)
  await plusOne(inPhase('measure', folder))(randn([65_536])).data()
  const cells = cellsIn(folder)
  const cellOf = (config: object) =>
    cells.find((cell) => JSON.stringify(cell.config) === JSON.stringify(config))
  expect(cellOf({ num_warps: 64 })).toMatchObject({ status: 'invalid', timing_ms: null, samples: [] })
  expect(cellOf({ num_warps: 64 })?.reason).toMatch(/num_warps is 64/)
  expect(cellOf({ block_sizes: [16384], num_warps: 1 })).toMatchObject({ status: 'invalid' })
  expect(cellOf({ num_warps: 2 })).toMatchObject({ status: 'ok' })
})

it('records configs whose answers are wrong as wrong', async () => {
  const folder = await collected('plus_one', hashOf(plusOne), [{ num_warps: 2 }])
  const baselineFn = (x: Tensor): Tensor => ones(x.shape)
  await plusOne({ ...inPhase('measure', folder), baselineFn })(ones([64])).data()
  const cells = cellsIn(folder)
  expect(cells.map(({ status }) => status)).toEqual(['wrong', 'wrong'])
  expect(cells[0]?.reason).toMatch(/is 2, expected 1; 64 of 64 elements/)
})

it('lets a kernel that writes its arguments do so once', async () => {
  const folder = await collected('multiply', hashOf(multiply), [{ num_warps: 1 }, { num_warps: 2 }])
  const x = ones([500])
  multiply(inPhase('measure', folder))(x, 3)
  expect(new Set(await x.data())).toEqual(new Set([3]))
  expect(cellsIn(folder)).toHaveLength(3)
})

it('measures a config once where a shape leaves no difference to others', async () => {
  const configs = [{ block_sizes: [128] }, { block_sizes: [4096] }]
  const folder = await collected('plus_one', hashOf(plusOne), configs)
  await plusOne(inPhase('measure', folder))(ones([128])).data()
  const cells = cellsIn(folder).filter(({ is_default }) => !is_default)
  expect(cells).toHaveLength(2)
  expect(cells[0]?.samples).toEqual(cells[1]?.samples)
})

it('measures large tiles on large shapes, whatever the first shape was', async () => {
  const configs = [{ block_sizes: [32] }, { block_sizes: [512] }]
  const folder = await collected('plus_one', hashOf(plusOne), configs)
  const kernel = plusOne(inPhase('measure', folder))
  for (const size of [32, 2048]) await kernel(ones([size])).data()
  const hashes = (size: number) =>
    cellsIn(folder)
      .filter(({ shape_features, is_default }) => shape_features.arg0_dim0 === size && !is_default)
      .map(({ wgsl_hash }) => wgsl_hash)
  expect(new Set(hashes(32)).size).toBe(1)
  expect(new Set(hashes(2048)).size).toBe(2)
})

it('measures the inputs of measureFn and nothing else', async () => {
  const folder = await collected('plus_one', hashOf(plusOne), [{ num_warps: 1 }])
  const measureFn = () => [[randn([96])], [randn([1024])]] as [Tensor][]
  const kernel = plusOne({ ...inPhase('measure', folder), measureFn })
  for (const size of [50, 60]) expect((await kernel(ones([size])).data())[0]).toBe(2)
  await kernel(ones([8])).data()
  const sizes = cellsIn(folder).map(({ shape_features }) => shape_features.arg0_dim0)
  expect(new Set(sizes)).toEqual(new Set([96, 1024]))
})

it('takes the author’s configs for candidates', async () => {
  const folder = temporaryFolder()
  const configs = [{ num_warps: 1 }, { num_warps: 2 }]
  const kernel = plusOne({ ...inPhase('measure', folder), configs })
  await kernel(ones([64])).data()
  const standard = kernel.bind(ones([64])).defaultConfig()
  const complete = configs.map((config) => new Config({ ...standard.data, ...config }))
  const measured = cellsIn(folder).map(({ config_hash }) => config_hash)
  expect(new Set(measured)).toEqual(new Set([standard, ...complete].map(({ hash }) => hash)))
})

it('is an error without any config, never a search', async () => {
  const folder = temporaryFolder()
  const kernel = plusOne(inPhase('measure', folder))
  await expect(kernel(ones([64])).data()).rejects.toThrow(
    'no configs are known for the kernel plus_one, so there is nothing to measure',
  )
  expect(cellsIn(folder)).toEqual([])
})

it('does not take configs that were found for another version of the kernel', async () => {
  const folder = await collected('plus_one', 'of another version', [{ num_warps: 1 }])
  await expect(plusOne(inPhase('measure', folder))(ones([64])).data()).rejects.toThrow(
    'Collect first, again if the kernel was changed: ',
  )
  expect(hardwareIdsIn(folder)).toHaveLength(1)
})
