/** Configs in production: which one runs, and what is said when it is not the one that was tuned. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { getDevice, ones, type Tensor } from '../../../src/index.ts'
import { sha16 } from '../../../src/support/stable.ts'
import { listen } from '../../listen.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { deviceFamily, putModule, scaled, traced, twice } from './harness.ts'

let family = ''

beforeAll(async () => {
  const { info, limits } = await getDevice()
  family = deviceFamily(info, limits)
})

afterEach(() => vi.restoreAllMocks())

/** The right answer of `twice`, whatever the config. */
async function isTwice(tensor: Tensor, factor = 2): Promise<void> {
  const values = await tensor.data()
  expect(values.length).toBeGreaterThan(0)
  expect([...values].every((value) => value === factor)).toBe(true)
}

const SHOW = { printOutputCode: true } as const

describe('with a module beside the source', () => {
  it('runs with its choice and says nothing', async () => {
    const folder = temporaryFolder()
    putModule(folder, { kernel: 'twice', family, configs: ['{ block_sizes: [512], num_warps: 2 }'] })
    const stderr = listen()
    await isTwice(twice(folder)(ones([4096])))
    expect(stderr.text).toBe('')
    await isTwice(twice(folder, SHOW)(ones([4096])))
    expect(stderr.text).toContain('block_sizes: [512]')
    expect(stderr.text).toContain('@workgroup_size(64')
  })

  it('runs with the default config of each shape where the module leaves it to that', async () => {
    const folder = temporaryFolder()
    const key = 'return (arg0 as { shape: number[] }).shape[0]! > 100 ? 1 : 0'
    const configs = ['{ num_warps: 1 }', '{}']
    const aotTrace = join(folder, 'trace.jsonl')
    const x = ones([4096])
    putModule(folder, { kernel: 'twice', family, configs, key })
    const stderr = listen()
    await isTwice(twice(folder, { aotTrace })(x))
    const { shape_hash, config_hash } = traced(aotTrace)[0] ?? { shape_hash: '' }
    expect(config_hash).toBe(sha16({}))
    expect(stderr.text).toBe('')

    const standard = twice(folder).bind(x).defaultConfig()
    putModule(folder, {
      kernel: 'twice',
      family,
      configs,
      key,
      defaults: { [shape_hash]: sha16(standard.data) },
    })
    await isTwice(twice(folder, SHOW)(x))
    expect(stderr.text).toContain(`// twice: ${standard}\n`)
    expect(stderr.text).not.toContain('leaves shapes of twice')
  })

  it('says once that the defaults it leaves shapes to have changed since they were measured', async () => {
    const folder = temporaryFolder()
    const aotTrace = join(folder, 'trace.jsonl')
    const configs = ['{}']
    putModule(folder, { kernel: 'twice', family, configs })
    const calls = async (kernel: ReturnType<typeof twice>) => {
      for (const size of [64, 128, 80, 64]) await isTwice(kernel(ones([size])))
    }
    await calls(twice(folder, { aotTrace }))
    const defaults = Object.fromEntries(traced(aotTrace).map(({ shape_hash }) => [shape_hash, 'another']))
    expect(Object.keys(defaults)).toHaveLength(3)
    const path = putModule(folder, { kernel: 'twice', family, configs, defaults })
    const stderr = listen()
    await calls(twice(folder))
    expect(stderr.text).toBe(
      `helion-aot: ${path} leaves shapes of twice to their default configs, and was made when these were ` +
        'others: those of today are used, which nobody has measured.\n' +
        '  Renew it with `npx helion-aot -- <the command that runs it>`.\n',
    )
  })

  it('tells which config of which file under HELION_AOT_VERBOSE, once for each', async () => {
    const folder = temporaryFolder()
    const configs = ['{ num_warps: 1 }', '{ num_warps: 2 }']
    const key = 'return (arg0 as { shape: number[] }).shape[0]! > 100 ? 1 : 0'
    const path = putModule(folder, { kernel: 'twice', family, configs, key })
    const stderr = listen()
    const kernel = twice(folder, { aotVerbose: true })
    for (const size of [64, 128, 80, 64]) await isTwice(kernel(ones([size])))
    expect(stderr.text.trim().split('\n')).toEqual([
      `helion-aot: found ${path} for twice, using config 0 from it: new Config({ num_warps: 1 })`,
      `helion-aot: found ${path} for twice, using config 1 from it: new Config({ num_warps: 2 })`,
    ])
  })

  it('writes every choice for a new shape to the file of HELION_AOT_TRACE', async () => {
    const folder = temporaryFolder()
    const path = putModule(folder, { kernel: 'twice', family, configs: ['{ num_warps: 1 }'] })
    const aotTrace = join(folder, 'trace.jsonl')
    listen()
    const kernel = twice(folder, { aotTrace })
    for (const size of [64, 64, 128]) await isTwice(kernel(ones([size])))
    const lines = traced(aotTrace)
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatchObject({ kernel: 'twice', module: path, index: 0 })
    expect(new Set(lines.map(({ shape_hash }) => shape_hash)).size).toBe(2)
    expect(new Set(lines.map(({ config_hash }) => config_hash)).size).toBe(1)
  })

  it('fits the config to the sizes of each call, not to those of the first one', async () => {
    const folder = temporaryFolder()
    putModule(folder, { kernel: 'twice', family, configs: ['{ block_sizes: [2048] }'] })
    const stderr = listen()
    const kernel = twice(folder, SHOW)
    await isTwice(kernel(ones([64])))
    expect(stderr.text).toContain('block_sizes: [64]')
    expect(stderr.text).not.toContain('block_sizes: [2048]')
    await isTwice(kernel(ones([65536])))
    expect(stderr.text).toContain('block_sizes: [2048]')
  })

  it('asks the module again when it may look at a number', async () => {
    const folder = temporaryFolder()
    const configs = ['{ num_warps: 1 }', '{ num_warps: 2 }']
    putModule(folder, { kernel: 'scaled', family, configs, key: 'return Number(arg1) > 4 ? 1 : 0' })
    const aotTrace = join(folder, 'trace.jsonl')
    listen()
    const kernel = scaled(folder, { aotTrace })
    const x = ones([64])
    for (const k of [3, 5, 3, 6]) await isTwice(kernel(x, k), k)
    expect(traced(aotTrace).map(({ index }) => index)).toEqual([0, 1])
  })

  it('hands the values of the kernel’s key to the module', async () => {
    const folder = temporaryFolder()
    const configs = ['{ num_warps: 1 }', '{ num_warps: 2 }']
    putModule(folder, {
      kernel: 'scaled',
      family,
      configs,
      key: "return arg0 === 'big' && arg1 === 8 ? 1 : 0",
    })
    const aotTrace = join(folder, 'trace.jsonl')
    listen()
    const key = (x: Tensor, k: number) => [x.shape[0] === 64 ? 'small' : 'big', k * 2]
    const kernel = scaled(folder, { aotTrace, key })
    await isTwice(kernel(ones([64]), 4), 4)
    await isTwice(kernel(ones([128]), 4), 4)
    expect(traced(aotTrace).map(({ index }) => index)).toEqual([0, 1])
  })
})

describe('without a module', () => {
  it('runs with the default config and warns once, naming the command', async () => {
    const folder = temporaryFolder()
    const stderr = listen()
    const kernel = twice(folder)
    for (const size of [64, 64, 100]) await isTwice(kernel(ones([size])))
    expect(stderr.text).toBe(
      `helion-aot: no heuristic for the kernel twice on ${family}: it runs with its default config.\n` +
        '  Make one with `npx helion-aot -- <the command that runs it>`.\n',
    )
    expect(existsSync('.helion_aot/records')).toBe(false)
  })

  it('can be told not to warn', async () => {
    const stderr = listen()
    await isTwice(twice(temporaryFolder(), { ignoreWarnings: ['NoAOTHeuristicWarning'] })(ones([64])))
    expect(stderr.text).toBe('')
  })

  it('tells kernels of one name in different files apart', async () => {
    const stderr = listen()
    for (const folder of [temporaryFolder(), temporaryFolder()]) await isTwice(twice(folder)(ones([64])))
    expect(stderr.text.match(/no heuristic for/g)).toHaveLength(2)
  })

  it('runs with the first of the author’s configs', async () => {
    const stderr = listen()
    const configs = [{ num_warps: 1 }, { num_warps: 8 }]
    await isTwice(twice(temporaryFolder(), { ...SHOW, configs })(ones([64])))
    expect(stderr.text).toContain('@workgroup_size(32')
    expect(stderr.text).toContain('no heuristic for')
  })

  it('looks again after reset()', async () => {
    const folder = temporaryFolder()
    const stderr = listen()
    const kernel = twice(folder, { aotVerbose: true })
    await isTwice(kernel(ones([64])))
    putModule(folder, { kernel: 'twice', family, configs: ['{ num_warps: 1 }'] })
    await isTwice(kernel(ones([64])))
    expect(stderr.text).not.toContain('found')
    kernel.reset()
    await isTwice(kernel(ones([64])))
    expect(stderr.text).toContain('using config 0')
  })
})

it('a single config of the author’s goes before any module', async () => {
  const folder = temporaryFolder()
  putModule(folder, { kernel: 'twice', family, configs: ['{ num_warps: 2 }'] })
  const stderr = listen()
  await isTwice(twice(folder, { ...SHOW, config: { num_warps: 1 } })(ones([64])))
  expect(stderr.text).toContain('@workgroup_size(32')
  expect(stderr.text).not.toContain('helion-aot:')
})

describe('modules that do not quite fit', () => {
  it('uses one that was made for another version of the kernel, with a warning', async () => {
    const folder = temporaryFolder()
    const path = putModule(folder, { kernel: 'twice', family, configs: ['{ num_warps: 2 }'], hash: 'other' })
    const stderr = listen()
    await isTwice(twice(folder, SHOW)(ones([64])))
    expect(stderr.text).toContain(
      `helion-aot: ${path} was made for another version of the kernel twice; ` +
        'it is used as far as it fits.\n' +
        '  Renew it with `npx helion-aot -- <the command that runs it>`.\n',
    )
    expect(stderr.text).toContain('@workgroup_size(64')
  })

  it('says nothing of one that was made for this version', async () => {
    const folder = temporaryFolder()
    const hash = twice(folder).definition.sourceHash
    putModule(folder, { kernel: 'twice', family, configs: ['{ num_warps: 2 }'], hash })
    const stderr = listen()
    await isTwice(twice(folder)(ones([64])))
    expect(stderr.text).toBe('')
  })

  it('knows a kernel by its source where a bundler renamed it', async () => {
    const folder = temporaryFolder()
    const hash = twice(folder).definition.sourceHash
    putModule(folder, { kernel: 'twice', family, configs: ['{ num_warps: 2 }'], hash })
    const stderr = listen()
    await isTwice(twice(folder, { ...SHOW, name: 'twice2' })(ones([64])))
    expect(stderr.text).toContain('@workgroup_size(64')
    expect(stderr.text).not.toContain('helion-aot:')
  })

  it('passes over one that is broken, naming file and error, for one that works', async () => {
    const folder = temporaryFolder()
    const broken = putModule(folder, { kernel: 'twice', family, configs: ['{ num_warps: '] })
    putModule(folder, { kernel: 'twice', family: 'webgpu_portable', configs: ['{ num_warps: 2 }'] })
    const stderr = listen()
    await isTwice(twice(folder, SHOW)(ones([64])))
    expect(stderr.text).toContain(`helion-aot: cannot load ${broken}: `)
    expect(stderr.text).toContain('@workgroup_size(64')
    expect(stderr.text).not.toContain('no heuristic')
  })

  it('runs with the default config when a module throws', async () => {
    const folder = temporaryFolder()
    const key = "throw new Error('not today')"
    const path = putModule(folder, { kernel: 'twice', family, configs: ['{}'], key })
    const stderr = listen()
    await isTwice(twice(folder)(ones([64])))
    expect(stderr.text).toContain(`helion-aot: ${path} failed to choose a config for twice: not today`)
  })

  it('takes another config of the module when the chosen one does not fit the kernel', async () => {
    const folder = temporaryFolder()
    const configs = ['{ num_warps: 2, no_such_field: 1 }', '{ num_warps: 1 }', '{ num_warps: 4 }']
    const path = putModule(folder, { kernel: 'twice', family, configs, fallbacks: [2, 1, 0] })
    const stderr = listen()
    const kernel = twice(folder, SHOW)
    for (const size of [64, 64, 100]) await isTwice(kernel(ones([size])))
    expect(stderr.text).toContain('@workgroup_size(128')
    expect(stderr.text).toContain(
      `helion-aot: config 0 of ${path} cannot run twice here: config has the unknown`,
    )
  })

  it('takes another config of the module when the device cannot build the chosen one', async () => {
    const folder = temporaryFolder()
    const configs = ['{ block_sizes: [16384], num_warps: 1 }', '{ block_sizes: [1024], num_warps: 8 }']
    const path = putModule(folder, { kernel: 'twice', family, configs, fallbacks: [0, 1] })
    const stderr = listen()
    const kernel = twice(folder)
    for (const size of [65536, 65536]) await isTwice(kernel(ones([size])))
    expect(stderr.text.match(/helion-aot:/g)).toHaveLength(1)
    expect(stderr.text).toContain(`helion-aot: config 0 of ${path} cannot run twice here: `)
    expect(stderr.text).toMatch(/block_sizes: \[1024\], num_warps: 8.* serves instead/)
  })

  it('ends at the default config', async () => {
    const folder = temporaryFolder()
    putModule(folder, { kernel: 'twice', family, configs: ['{ num_warps: 3 }'] })
    const stderr = listen()
    await isTwice(twice(folder)(ones([64])))
    expect(stderr.text).toMatch(/config 0 of .* cannot run twice here: config field num_warps is 3/)
  })
})

describe('modules given in code', () => {
  const module = (device: string, warps: number, sourceHash?: string) => ({
    key_twice: () => 0,
    autotune_twice: () => ({ num_warps: warps }),
    meta: { kernel: 'twice', device, sourceHash },
  })

  it('go before files, whatever hash they carry: bundlers change texts', async () => {
    const folder = temporaryFolder()
    putModule(folder, { kernel: 'twice', family, configs: ['{ num_warps: 4 }'] })
    const heuristics = [module('webgpu_portable', 1), module(family, 2, 'other'), module('webgpu_other', 8)]
    const stderr = listen()
    await isTwice(twice(folder, { ...SHOW, heuristics })(ones([64])))
    expect(stderr.text).toContain('@workgroup_size(64')
    expect(stderr.text).not.toContain('helion-aot:')
  })

  it('leave room for files when none is for this device', async () => {
    const folder = temporaryFolder()
    putModule(folder, { kernel: 'twice', family, configs: ['{ num_warps: 4 }'] })
    const stderr = listen()
    await isTwice(twice(folder, { ...SHOW, heuristics: [module('webgpu_other', 8)] })(ones([64])))
    expect(stderr.text).toContain('@workgroup_size(128')
  })
})

it('HELION_HEURISTIC_DIR goes before the source', async () => {
  const [folder, other] = [temporaryFolder(), temporaryFolder()]
  putModule(folder, { kernel: 'twice', family, configs: ['{ num_warps: 4 }'] })
  putModule(other, { kernel: 'twice', family: 'webgpu_portable', configs: ['{ num_warps: 2 }'] })
  const stderr = listen()
  await isTwice(twice(folder, { ...SHOW, heuristicDir: other })(ones([64])))
  expect(stderr.text).toContain('@workgroup_size(64')
})

it('the mode disabled makes an AOT kernel a plain one, which tunes', async () => {
  const folder = temporaryFolder()
  putModule(folder, { kernel: 'twice', family, configs: ['{ num_warps: 2 }'] })
  const stderr = listen()
  await isTwice(twice(folder, { aotMode: 'disabled', autotuneEffort: 'none' })(ones([64])))
  expect(stderr.text).toContain('helion-aot: twice uses its default config')
})
