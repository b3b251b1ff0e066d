/** Which modules may serve which device, for adapters as Dawn and browsers describe them. */
import { describe, expect, it } from 'vitest'
import {
  type DeviceInfo,
  type DeviceTraits,
  deviceFamilies,
  deviceFamily,
} from '../../src/heuristics/device_family.ts'

const TRAITS: DeviceTraits = {
  subgroupSize: 32,
  shaderF16: true,
  maxWorkgroupInvocations: 1024,
  maxWorkgroupBytes: 49152,
}

function info(vendor = '', architecture = '', device = '', description = ''): DeviceInfo {
  return { vendor, architecture, device, description }
}

/** Vendor, architecture, device, description, and the family. */
const FAMILIES: readonly (readonly [string, string, string, string, string])[] = [
  ['nvidia', '', 'nvidia-h200', 'NVIDIA: 580.159.04', 'webgpu_nvidia_hopper'],
  ['nvidia', '', 'nvidia-h100-80gb-hbm3', 'NVIDIA: 580.159.04', 'webgpu_nvidia_hopper'],
  ['nvidia', '', 'nvidia-gh200-480gb', '', 'webgpu_nvidia_hopper'],
  ['nvidia', '', 'nvidia-b200', '', 'webgpu_nvidia_blackwell'],
  ['nvidia', 'blackwell', 'nvidia-rtx-pro-6000-blackwell', '', 'webgpu_nvidia_blackwell'],
  ['nvidia', 'lovelace', 'nvidia-geforce-rtx-4090', '', 'webgpu_nvidia_lovelace'],
  ['nvidia', 'lovelace', 'nvidia-l40s', '', 'webgpu_nvidia_lovelace'],
  ['nvidia', 'lovelace', 'nvidia-rtx-6000-ada-generation', '', 'webgpu_nvidia_lovelace'],
  ['nvidia', 'ampere', 'nvidia-a100-sxm4-40gb', '', 'webgpu_nvidia_ampere'],
  ['nvidia', 'ampere', 'nvidia-rtx-a6000', '', 'webgpu_nvidia_ampere'],
  ['nvidia', 'pascal', 'tesla-v100-sxm2-16gb', '', 'webgpu_nvidia_volta'],
  ['nvidia', 'turing', 'tesla-t4', '', 'webgpu_nvidia_turing'],
  ['nvidia', 'turing', 'quadro-rtx-6000', '', 'webgpu_nvidia_turing'],
  ['nvidia', 'ampere', '', '', 'webgpu_nvidia_ampere'],
  ['amd', 'rdna-2', 'amd-instinct-mi250x', '', 'webgpu_amd_cdna_2'],
  ['amd', '', 'amd-instinct-mi300x', '', 'webgpu_amd_cdna_3'],
  ['amd', 'rdna-3', 'amd-radeon-rx-7900-xtx-(radv-navi31)', 'radv: Mesa 25.0', 'webgpu_amd_rdna_3'],
  ['amd', 'gcn-5', '', '', 'webgpu_amd_gcn_5'],
  ['intel', 'gen-12lp', '', '', 'webgpu_intel_gen_12lp'],
  ['intel', 'gen-12hp', 'intel-arc-a770-graphics', '', 'webgpu_intel_gen_12hp'],
  ['apple', 'metal-3', 'apple-m3-max', '', 'webgpu_apple_m3'],
  ['apple', 'metal-3', '', '', 'webgpu_apple_metal_3'],
  ['google', 'swiftshader', 'swiftshader-device-subzero-', '', 'webgpu_google_swiftshader'],
  ['google', 'swiftshader', '', '', 'webgpu_google_swiftshader'],
  ['mesa', 'software', 'llvmpipe-llvm-19.1.7-256-bits-', '', 'webgpu_mesa_llvmpipe'],
  ['qualcomm', 'adreno-7xx', '', '', 'webgpu_qualcomm_adreno_7xx'],
  ['img-tec', 'd-series', '', '', 'webgpu_img_tec_d_series'],
  ['newcomer', 'Mark 2', '', '', 'webgpu_newcomer_mark_2'],
]

describe('deviceFamily', () => {
  it.each(FAMILIES)('%s %s %s %s', (vendor, architecture, device, description, family) => {
    expect(deviceFamily(info(vendor, architecture, device, description), TRAITS)).toBe(family)
  })

  it('goes by what a device can do when it hides what it is', () => {
    expect(deviceFamily(info(), TRAITS)).toBe('webgpu_unknown_sg32_f16_wg1024_mem48k')
    expect(deviceFamily(info('nvidia'), TRAITS)).toBe('webgpu_nvidia_sg32_f16_wg1024_mem48k')
    const safari = { ...TRAITS, subgroupSize: 0, shaderF16: false, maxWorkgroupBytes: 32768 }
    expect(deviceFamily(info('apple', 'apple', 'apple', 'apple'), safari)).toBe(
      'webgpu_apple_sgx_f32_wg1024_mem32k',
    )
  })

  it('makes names that files can have', () => {
    for (const [vendor, architecture, device, description] of FAMILIES)
      for (const family of deviceFamilies(info(vendor, architecture, device, description), TRAITS))
        expect(family).toMatch(/^webgpu(_[a-z0-9]+)+$/)
  })
})

describe('deviceFamilies', () => {
  it('offers older generations, the newest first, then those of the vendor and of everybody', () => {
    expect(deviceFamilies(info('nvidia', '', 'nvidia-h200'), TRAITS)).toEqual([
      'webgpu_nvidia_hopper',
      'webgpu_nvidia_lovelace',
      'webgpu_nvidia_ampere',
      'webgpu_nvidia_turing',
      'webgpu_nvidia_volta',
      'webgpu_nvidia_pascal',
      'webgpu_nvidia_maxwell',
      'webgpu_nvidia_kepler',
      'webgpu_nvidia_fermi',
      'webgpu_nvidia',
      'webgpu_portable',
    ])
  })

  it('never offers a newer generation', () => {
    const turing = deviceFamilies(info('nvidia', 'turing'), TRAITS)
    expect(turing).toContain('webgpu_nvidia_volta')
    expect(turing).not.toContain('webgpu_nvidia_ampere')
    const m1 = deviceFamilies(info('apple', 'metal-3', 'apple-m1'), TRAITS)
    expect(m1).not.toContain('webgpu_apple_m2')
  })

  it('keeps lines of different kinds apart', () => {
    const mi300 = deviceFamilies(info('amd', '', 'amd-instinct-mi300x'), TRAITS)
    expect(mi300).toContain('webgpu_amd_gcn_5')
    expect(mi300.filter((family) => family.includes('rdna'))).toEqual([])
    const rx7900 = deviceFamilies(info('amd', 'rdna-3'), TRAITS)
    expect(rx7900).toEqual([
      'webgpu_amd_rdna_3',
      'webgpu_amd_rdna_2',
      'webgpu_amd_rdna_1',
      'webgpu_amd',
      'webgpu_portable',
    ])
  })

  it('puts a generation that is not in the table after those with lower numbers', () => {
    expect(deviceFamilies(info('amd', 'rdna-5'), TRAITS).slice(0, 3)).toEqual([
      'webgpu_amd_rdna_5',
      'webgpu_amd_rdna_4',
      'webgpu_amd_rdna_3',
    ])
    expect(deviceFamilies(info('intel', 'gen-6'), TRAITS)).toEqual([
      'webgpu_intel_gen_6',
      'webgpu_intel',
      'webgpu_portable',
    ])
    expect(deviceFamilies(info('nvidia', 'rubin'), TRAITS)).toEqual([
      'webgpu_nvidia_rubin',
      'webgpu_nvidia',
      'webgpu_portable',
    ])
  })

  it('offers nothing of a known generation to a device that hides its own', () => {
    expect(deviceFamilies(info('nvidia'), TRAITS).slice(1)).toEqual(['webgpu_nvidia', 'webgpu_portable'])
  })
})
