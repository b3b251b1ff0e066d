/** What a search in the collect phase begins with, and that each candidate says where it is from. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type WarmStart, warmStart } from '../../../src/aot/collect/warm_start.ts'
import { decide } from '../../../src/aot/evaluate/decide/decide.ts'
import { toSettings } from '../../../src/aot/evaluate/decide/settings.ts'
import { moduleText } from '../../../src/aot/evaluate/emit/module_text.ts'
import { hardwareIdsIn, runFiles } from '../../../src/aot/run/run_folder.ts'
import { Session } from '../../../src/aot/run/session.ts'
import { shapeOf } from '../../../src/aot/shape.ts'
import { deviceFamilies } from '../../../src/heuristics/device_family.ts'
import { moduleFileName } from '../../../src/heuristics/module_names.ts'
import { getDevice, type Kernel, ones, type Tensor } from '../../../src/index.ts'
import { readArguments } from '../../../src/kernel/call_arguments.ts'
import { streamOf } from '../../../src/kernel/kernel.ts'
import { listen } from '../../listen.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { byHand, toSweep } from '../evaluate/sweeps.ts'
import { type Copying, eventsIn, inPhase, plusOne } from '../phase_kernels.ts'

beforeEach(() => void listen())
afterEach(() => vi.restoreAllMocks())

async function startOf(kernel: Kernel<Copying>, x: Tensor): Promise<WarmStart> {
  const [{ definition }, device, call] = [kernel, await getDevice(), readArguments([x])]
  const session = await Session.of('collect', definition, device)
  const { bound } = kernel.bind(x)
  const request = { definition, bound, call, device, stream: streamOf(call) }
  return await warmStart(request, shapeOf(definition, call), session)
}

const origins = ({ seeds, training }: WarmStart) => ({
  seeds: seeds.map(({ origin }) => origin),
  training: training.map(({ origin }) => origin),
})

describe('a search begins with', () => {
  it('winners and trials of the nearest shapes, and of other devices in the folder', async () => {
    const folder = temporaryFolder()
    const kernel = plusOne(inPhase('collect', folder))
    for (const size of [4096, 64, 16, 1024, 256]) await kernel(ones([size])).data()
    const { seeds, training } = await startOf(kernel, ones([512]))
    expect(origins({ seeds, training })).toEqual({
      seeds: Array(3).fill('winner on another shape'),
      training: Array(3).fill('result on another shape'),
    })
    const trialsAt = (size: number) => {
      const shapes = eventsIn(folder, 'shape')
      const hash = shapes.find(({ shape_features }) => shape_features.arg0_dim0 === size)?.shape_hash
      return eventsIn(folder, 'trial').filter(({ shape_hash }) => shape_hash === hash)
    }
    const expected = [256, 1024, 64].map((size) => trialsAt(size).map(({ time }) => time?.ms ?? Infinity))
    expect(training.map(({ results }) => results.map(({ ms }) => ms))).toEqual(expected)

    const [own = ''] = hardwareIdsIn(folder)
    const text = readFileSync(runFiles(folder, own).records, 'utf8')
    const next = temporaryFolder()
    writeFileSync(join(next, 'records_other_gpu.jsonl'), `${text}no record\n`)
    writeFileSync(
      join(next, 'records_older_gpu.jsonl'),
      text.replaceAll(/"source_hash":"\w/g, '"source_hash":"z'),
    )
    const again = plusOne(inPhase('collect', next))
    await again(ones([2000])).data()
    expect(origins(await startOf(again, ones([64])))).toEqual({
      seeds: ['winner on other_gpu', 'winner on another shape'],
      training: ['result on other_gpu', 'result on another shape'],
    })
    expect(origins(await startOf(again, ones([512]))).seeds.slice(0, 3)).toEqual(
      Array(3).fill('winner on other_gpu'),
    )
  })

  it('what the module in use chooses', async () => {
    const folder = temporaryFolder()
    const module = {
      CONFIGS: [{ block_sizes: [64] }],
      key_plus_one: () => 0,
      autotune_plus_one: () => ({ block_sizes: [64] }),
    }
    await plusOne({ ...inPhase('collect', folder), heuristics: [module] })(ones([256])).data()
    const [, second] = eventsIn(folder, 'trial')
    expect(second?.origin).toBe('choice of the option heuristics[0] of plus_one')
    expect(second?.config.block_sizes).toEqual([64])
  })

  it('what the module beside the source says, none of whose code runs', async () => {
    const { info, limits } = await getDevice()
    const [family = ''] = deviceFamilies(info, limits)
    const [folder, home] = [temporaryFolder(), temporaryFolder()]
    const module = join(home, moduleFileName('plus_one', family))
    const made = byHand([[64], [4096]], [[1], [1]], 'plus_one')
    const sweep = toSweep({ ...made, configs: [{ block_sizes: [32] }] })
    const text = moduleText(decide(sweep, toSettings({})), { tool: 'helion-aot 0', device: family })
    const source = join(home, 'plus_one.ts')
    const kernel = plusOne({ ...inPhase('collect', folder), source })

    writeFileSync(source, '')
    writeFileSync(module, text)
    await kernel(ones([256])).data()
    const [, second] = eventsIn(folder, 'trial')
    expect(second?.origin).toBe(`choice of ${module}`)
    expect(second?.config.block_sizes).toEqual([32])

    const mark = join(folder, 'mark')
    writeFileSync(
      module,
      `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(mark)}, '')\n${text}`,
    )
    expect(origins(await startOf(kernel, ones([512]))).seeds).toEqual(['winner on another shape'])
    expect(existsSync(mark)).toBe(false)
  })
})
