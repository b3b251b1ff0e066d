/**
 * What the compiler, the tuner and file names need to know about a device: limits from WebGPU itself, and
 * what WebGPU does not say (compute units, cache, registers) from a small table by device name.
 */
import type { DeviceLimits, SubgroupMatrix } from '../../codegen/program.ts'
import { isDType } from '../../support/dtypes.ts'
import { nodeBuiltin, nodeProcess } from '../../support/node.ts'
import { isStorageType } from '../../support/storage_types.ts'
import type { AdapterInfo } from './adapter.ts'

const MIB = 2 ** 20

/** Facts that no API gives. */
export interface HardwareFacts {
  /** Streaming multiprocessors, compute units or cores. */
  readonly computeUnits: number
  /** Bytes of the largest cache that a benchmark has to overwrite between samples. */
  readonly cacheBytes: number
  /** 32-bit registers that one of 128 invocations may hold. */
  readonly registerBudget: number
}

/**
 * First match wins. Names are lower case, with one space between words; numbers are units and MiB of cache.
 */
const DEVICES: readonly (readonly [name: RegExp, computeUnits: number, cacheMib: number])[] = [
  [/\bg?b200\b/, 148, 126],
  [/\bh100 pcie\b/, 114, 50],
  [/\bg?h[12]00\b|\bh800\b/, 132, 50],
  [/\ba100\b|\ba800\b/, 108, 40],
  [/\bv100\b/, 80, 6],
  [/\bl40s?\b|\brtx 6000 ada\b/, 142, 96],
  [/\bl4\b/, 58, 48],
  [/\ba10g?\b/, 72, 6],
  [/\bt4\b/, 40, 4],
  [/\brtx 5090\b/, 170, 96],
  [/\brtx 5080\b/, 84, 64],
  [/\brtx 5070 ti\b/, 70, 48],
  [/\brtx 4090\b/, 128, 72],
  [/\brtx 4080\b/, 76, 64],
  [/\brtx 4070\b/, 46, 36],
  [/\brtx 3090\b/, 82, 6],
  [/\brtx 3080\b/, 68, 5],
  [/\brtx 3070\b/, 46, 4],
  [/\brtx 2080 ti\b/, 68, 6],
  [/\bmi300x?\b|\bmi325x?\b/, 304, 256],
  [/\bmi2[15]0x?\b/, 104, 8],
  [/\brx 7900 xtx\b/, 96, 96],
  [/\brx 9070 xt\b/, 64, 64],
  [/\brx 6[89]00\b/, 72, 128],
  [/\barc a7\d0\b/, 32, 16],
  [/\barc b5\d0\b/, 20, 18],
  [/\bm[1-4] ultra\b/, 76, 96],
  [/\bm[1-4] max\b/, 38, 48],
  [/\bm[1-4] pro\b/, 18, 24],
  [/\bm[1-4]\b/, 10, 8],
]

const UNKNOWN = { computeUnits: 64, cacheMib: 64 }
const REGISTER_BUDGETS: Readonly<Record<string, number>> = { nvidia: 200, amd: 200, apple: 128, intel: 96 }
const UNKNOWN_REGISTER_BUDGET = 128
/**
 * Spilled values of a software adapter lie in the processor's own first cache, but all that a thread does is
 * written out: with more than 128 elements it is compiled for many seconds.
 */
const SOFTWARE_REGISTER_BUDGET = 144

/**
 * Facts by name; for software adapters the processor's cores and the part of its cache that is worth
 * flushing.
 */
export function hardwareFacts(info: AdapterInfo): HardwareFacts {
  if (info.software)
    return {
      computeUnits: processorCores(),
      cacheBytes: 4 * MIB,
      registerBudget: SOFTWARE_REGISTER_BUDGET,
    }
  const name = `${info.device} ${info.description}`.toLowerCase().replace(/[^a-z0-9]+/g, ' ')
  const [, computeUnits, cacheMib] = DEVICES.find(([pattern]) => pattern.test(name)) ?? []
  return {
    computeUnits: computeUnits ?? UNKNOWN.computeUnits,
    cacheBytes: (cacheMib ?? UNKNOWN.cacheMib) * MIB,
    registerBudget: REGISTER_BUDGETS[info.vendor.toLowerCase()] ?? UNKNOWN_REGISTER_BUDGET,
  }
}

/** What its WGSL has beyond that of every device. */
export interface LanguageFeatures {
  /** `var<immediate>`. */
  readonly immediates: boolean
  /** Products of four integers of 8 bits. */
  readonly packedDots: boolean
}

/** The compiler's view of an open device. */
export function deviceLimits(
  gpu: GPUDevice,
  adapter: GPUAdapter,
  info: AdapterInfo,
  { immediates, packedDots }: LanguageFeatures,
): DeviceLimits {
  const { limits, features } = gpu
  const { subgroupMinSize, subgroupMaxSize } = adapter.info
  const fixedSubgroups = features.has('subgroups') && subgroupMinSize === subgroupMaxSize
  const { computeUnits, registerBudget } = hardwareFacts(info)
  return Object.freeze({
    maxWorkgroupInvocations: limits.maxComputeInvocationsPerWorkgroup,
    maxWorkgroupBytes: limits.maxComputeWorkgroupStorageSize,
    maxWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    maxStorageBindings: limits.maxStorageBuffersPerShaderStage,
    maxBindingBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    maxImmediateBytes: immediates ? limits.maxImmediateSize : 0,
    subgroupSize: fixedSubgroups ? (subgroupMinSize ?? 0) : 0,
    subgroupMatrices: subgroupMatrices(features, adapter.info),
    shaderF16: features.has('shader-f16'),
    packedDots,
    software: info.software,
    computeUnits,
    registerBudget,
  })
}

/**
 * Names a kind of device with its driver, for file names: `webgpu_nvidia-h200_580.159.04`. Where the adapter
 * hides its driver's version (browsers), the version of the browser stands for it.
 */
export function hardwareIdOf(info: AdapterInfo): string {
  const device = info.device || [info.vendor, info.architecture].filter(Boolean).join('-') || 'unknown'
  const version = /\d+(?:\.\d+)+/.exec(driverText(info))?.[0] ?? runtimeVersion()
  return `webgpu_${sanitize(device)}_${sanitize(version)}`
}

/** What is left of the description without the name of the compiler behind a software adapter. */
function driverText({ description }: AdapterInfo): string {
  return description.replace(/\(LLVM[^)]*\)/, '')
}

function runtimeVersion(): string {
  if (nodeProcess) return nodeProcess.versions.node
  const agent = globalThis.navigator?.userAgent ?? ''
  return /(?:Firefox|Edg|Chrome|Version)\/[\d.]+/.exec(agent)?.[0].toLowerCase() ?? 'unknown'
}

function sanitize(text: string): string {
  const plain = text.toLowerCase().replace(/[^a-z0-9.]+/g, '-')
  return plain.replace(/^-|-$/g, '') || 'unknown'
}

function processorCores(): number {
  return nodeBuiltin('os')?.cpus().length || globalThis.navigator?.hardwareConcurrency || 1
}

/** What Dawn lists, larger matrices first; sums in types that registers have. */
function subgroupMatrices(features: GPUSupportedFeatures, info: GPUAdapterInfo): readonly SubgroupMatrix[] {
  if (!features.has('chromium-experimental-subgroup-matrix' as GPUFeatureName)) return []
  const { subgroupMatrixConfigs = [] } = info as unknown as { subgroupMatrixConfigs?: Iterable<MatrixConfig> }
  return [...subgroupMatrixConfigs]
    .flatMap(({ M, N, K, componentType: operand, resultComponentType: result }) =>
      isStorageType(operand) && isDType(result) ? [{ m: M, n: N, k: K, operand, result }] : [],
    )
    .sort((a, b) => b.m * b.n * b.k - a.m * a.n * a.k)
}

/** An entry of `subgroupMatrixConfigs`, which types of WebGPU do not know yet. */
interface MatrixConfig {
  readonly componentType: string
  readonly resultComponentType: string
  readonly M: number
  readonly N: number
  readonly K: number
}
