/** Which adapter is chosen, and what is said when none fits. */
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it, vi } from 'vitest'
import {
  type AdapterInfo,
  type AdapterSource,
  adapterSources,
  chooseAdapter,
  describeAdapter,
  type FoundAdapter,
} from '../../src/runtime/adapter/adapter.ts'
import { dawnFlags } from '../../src/runtime/adapter/dawn.ts'
import { AdapterError, UsageError } from '../../src/support/errors.ts'
import { rejection } from './gpu.ts'

const CHILDREN = join(import.meta.dirname, 'children')
const NONE: AdapterInfo = { vendor: '', architecture: '', device: '', description: '', software: false }
const H200: AdapterInfo = { ...NONE, vendor: 'nvidia', device: 'nvidia-h200', description: 'NVIDIA: 580.1' }
const LAVAPIPE: AdapterInfo = {
  ...NONE,
  vendor: 'mesa',
  architecture: 'software',
  device: 'llvmpipe',
  software: true,
}
const SWIFTSHADER: AdapterInfo = { ...NONE, vendor: 'google', architecture: 'swiftshader', software: true }

/** A source with these adapters; `asked` collects the names of the sources that were asked. */
function source(
  name: string,
  infos: readonly AdapterInfo[],
  asked: string[] = [],
  always?: string,
): AdapterSource {
  return {
    name,
    ...(always === undefined ? {} : { always }),
    async *adapters() {
      asked.push(name)
      for (const info of infos) yield { info } as FoundAdapter
    },
  }
}

function broken(name: string, why: string): AdapterSource {
  return {
    name,
    // biome-ignore lint/correctness/useYield: it never gets that far
    async *adapters() {
      throw new Error(why)
    },
  }
}

const chosen = async (wanted: string, ...sources: AdapterSource[]) =>
  (await chooseAdapter(wanted, sources)).info

describe('chooseAdapter', () => {
  it('takes the first when nothing is wanted, and asks no further', async () => {
    const asked: string[] = []
    const info = await chosen('', source('system', [H200, LAVAPIPE], asked), source('embedded', [], asked))
    expect(info).toBe(H200)
    expect(asked).toEqual(['system'])
  })

  it('falls back to the next source', async () => {
    expect(await chosen('', source('system', []), source('embedded', [SWIFTSHADER]))).toBe(SWIFTSHADER)
    expect(await chosen('', broken('system', 'gone'), source('embedded', [SWIFTSHADER]))).toBe(SWIFTSHADER)
  })

  it.each([
    ['NVIDIA', H200],
    ['h200', H200],
    ['580.1', H200],
    ['Software', LAVAPIPE],
    ['SOFTWARE', LAVAPIPE],
    ['swift', SWIFTSHADER],
  ])('matches %s in any field, whatever the case', async (wanted, info) => {
    const sources = [source('system', [H200, LAVAPIPE]), source('embedded', [SWIFTSHADER])]
    expect(await chosen(wanted, ...sources)).toBe(info)
  })

  it('takes any adapter of the processor for `software`, whatever its name', async () => {
    expect(await chosen('software', source('system', [H200]), source('embedded', [SWIFTSHADER]))).toBe(
      SWIFTSHADER,
    )
  })

  it('asks a source first that can only be the wanted one', async () => {
    const asked: string[] = []
    const sources = [
      source('system', [H200], asked),
      source('embedded', [SWIFTSHADER], asked, 'google SwiftShader'),
    ]
    expect(await chosen('swiftshader', ...sources)).toBe(SWIFTSHADER)
    expect(asked).toEqual(['embedded'])
  })

  it('lists what was found when nothing matches', async () => {
    const sources = [source('system', [H200, H200, LAVAPIPE]), broken('embedded', 'not installed')]
    const error = await rejection(chooseAdapter('radeon', sources))
    expect(error).toBeInstanceOf(AdapterError)
    expect(error).toHaveProperty('exitCode', 4)
    expect(error.message).toBe(
      "No WebGPU adapter matches 'radeon'. Found:\n" +
        '  - system: nvidia nvidia-h200, NVIDIA: 580.1; mesa software llvmpipe\n' +
        '  - embedded: not installed\n' +
        '  Set HELION_ADAPTER to a part of one of these names, to `software`, or leave it unset.',
    )
  })

  it('says what to install when there is nothing at all', async () => {
    const error = await rejection(chooseAdapter('', [source('system', []), broken('embedded', 'no archive')]))
    expect(error.message).toMatch(
      /^No WebGPU adapter was found:\n {2}- system: no adapter\n {2}- embedded: no archive/,
    )
    expect(error.message).toContain('apt-get install mesa-vulkan-drivers libvulkan1')
    expect(error.message).toContain('npm install @sparticuz/chromium@147')
  })

  it('finds the adapter that the tests run on', async () => {
    const { info, adapter } = await chooseAdapter()
    expect(info.software).toBe(adapter.info.isFallbackAdapter)
    expect(describeAdapter(info).toLowerCase()).toContain((process.env.HELION_ADAPTER ?? '').toLowerCase())
    expect(adapterSources().map(({ name }) => name)).toEqual([
      'drivers of the system',
      'embedded SwiftShader',
    ])
  })

  it('leaves the variables of the Vulkan loader as they were', async () => {
    vi.stubEnv('VK_ICD_FILENAMES', 'mine.json')
    vi.stubEnv('VK_DRIVER_FILES', undefined)
    await chooseAdapter('swiftshader')
    expect([process.env.VK_ICD_FILENAMES, process.env.VK_DRIVER_FILES]).toEqual(['mine.json', undefined])
    vi.unstubAllEnvs()
  })
})

describe('a program without adapter', () => {
  it('ends with exit code 4 and says what to do, though it never waits for a result', async () => {
    const { exitCode, stderr } = await execa(
      process.execPath,
      ['--import', 'tsx', join(CHILDREN, 'forgets.ts')],
      {
        env: { HELION_ADAPTER: 'voodoo2' },
        reject: false,
      },
    )
    expect(exitCode).toBe(4)
    expect(stderr).toContain('AdapterError that no data() or sync() waited for: No WebGPU adapter matches')
    expect(stderr).toContain("matches 'voodoo2'")
    expect(stderr).toContain('forgets.ts:4:')
    expect(stderr.match(/AdapterError/g)).toHaveLength(1)
  })
})

describe('dawnFlags', () => {
  it('turns on what the package needs', () => {
    expect(dawnFlags('')).toEqual([
      'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
      'disable-dawn-features=timestamp_quantization',
    ])
  })

  it('adds, removes and passes on what the user wants', () => {
    expect(
      dawnFlags('disable_robustness, timestamp_quantization,-vulkan_enable_f16_on_nvidia,backend=null'),
    ).toEqual([
      'enable-dawn-features=allow_unsafe_apis,disable_robustness,timestamp_quantization',
      'disable-dawn-features=vulkan_enable_f16_on_nvidia',
      'backend=null',
    ])
  })

  it('refuses what is no toggle', () => {
    expect(() => dawnFlags('disable robustness')).toThrow(UsageError)
    expect(() => dawnFlags('disable robustness')).toThrow("HELION_DAWN_FLAGS holds 'disable robustness'")
  })
})
