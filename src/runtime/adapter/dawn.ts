/**
 * WebGPU in Node: Dawn, through the npm package `webgpu`. A `GPU` object here stands for one Dawn instance
 * with its flags; each is kept reachable for the life of the process, because Dawn's event loop runs on freed
 * memory once it is collected. Several instances live side by side, with different Vulkan drivers too.
 */
import { errorMessage, UsageError } from '../../support/errors.ts'
import { environment, importNodePackage, nodeProcess, requireNode } from '../../support/node.ts'
import type { UnpackedAdapter } from './swiftshader.ts'

interface DawnPackage {
  create(flags: string[]): GPU
}

const TOGGLES_ON = ['allow_unsafe_apis', 'vulkan_enable_f16_on_nvidia']
const TOGGLES_OFF = ['timestamp_quantization']
/** Keeps a library in the process after a failed load; glibc's value. */
const RTLD_NODELETE = 0x1000
/** What Node, Deno and Bun say of a library that they have loaded and that is no addon. */
const NO_ADDON = /self-register|register Node-API module|napi_register_module/
const KEPT = Symbol.for('helion-aot.dawn-instances')

/**
 * Flags for Dawn. `extra` is HELION_DAWN_FLAGS: toggles separated by commas, a leading `-` turns one off, and
 * `name=value` is passed on as it is (`backend=null`).
 */
export function dawnFlags(extra: string = environment('HELION_DAWN_FLAGS') ?? ''): string[] {
  const items = extra.split(',').map((item) => item.trim())
  const malformed = items.find((item) => item !== '' && !/^-?[\w-]+$|^[\w-]+=.+$/.test(item))
  if (malformed !== undefined)
    throw new UsageError(`HELION_DAWN_FLAGS holds '${malformed}', which is no Dawn toggle`, {
      remedy: 'Write toggles separated by commas, such as disable_robustness,-timestamp_quantization.',
    })
  const settings = items.filter((item) => item.includes('='))
  const toggles = items.filter((item) => item !== '' && !item.includes('='))
  const off = toggles.filter((item) => item.startsWith('-')).map((item) => item.slice(1))
  const on = toggles.filter((item) => !item.startsWith('-'))
  return [
    `enable-dawn-features=${unique(TOGGLES_ON, on, off).join(',')}`,
    `disable-dawn-features=${unique(TOGGLES_OFF, off, on).join(',')}`,
    ...settings,
  ]
}

/** A Dawn instance on the system's drivers. */
export async function systemGpu(...flags: string[]): Promise<GPU> {
  const { create } = await dawnPackage()
  return keep(create([...dawnFlags(), ...flags]))
}

/** Names of the adapters that the system's drivers offer, as Dawn's flag `adapter=<name>` takes them. */
export async function systemAdapterNames(): Promise<string[]> {
  try {
    // No adapter has this name; the refusal lists those that exist.
    await (await systemGpu('adapter=\u0001')).requestAdapter()
    return []
  } catch (error) {
    return [...errorMessage(error).matchAll(/name: '(.*)'$/gm)].flatMap((match) => match[1] ?? [])
  }
}

/** A Dawn instance on the embedded software adapter alone. */
export async function embeddedGpu(unpacked: UnpackedAdapter): Promise<GPU> {
  loadLibrary(unpacked.loader)
  const { create } = await dawnPackage()
  return withDriver(unpacked.icd, async () => {
    const gpu = keep(create(dawnFlags()))
    // The loader reads the variables when the instance looks for adapters first.
    await gpu.requestAdapter()
    return gpu
  })
}

async function dawnPackage(): Promise<DawnPackage> {
  return await importNodePackage<DawnPackage>('webgpu')
}

/** Whether the system has a Vulkan loader of its own, or one is in the process already. */
export function hasVulkanLoader(): boolean {
  try {
    loadLibrary('libvulkan.so.1')
    return true
  } catch {
    return false
  }
}

/** Loads a shared library for good. Dawn asks for `libvulkan.so.1` by name and finds one that is loaded. */
export function loadLibrary(path: string): void {
  const { constants } = requireNode('os', 'the embedded software adapter')
  try {
    nodeProcess?.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | RTLD_NODELETE)
  } catch (error) {
    // An addon is expected; the library stays loaded all the same.
    if (!NO_ADDON.test(errorMessage(error))) throw error
  }
}

/** Runs `action` while the Vulkan loader sees one driver only; child processes are not to inherit that. */
async function withDriver<T>(icd: string, action: () => Promise<T>): Promise<T> {
  const env = nodeProcess?.env ?? {}
  const before = ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES'].map((name) => [name, env[name]] as const)
  for (const [name] of before) env[name] = icd
  try {
    return await action()
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete env[name]
      else env[name] = value
    }
  }
}

function keep(gpu: GPU): GPU {
  const home = globalThis as { [KEPT]?: GPU[] }
  home[KEPT] ??= []
  home[KEPT].push(gpu)
  return gpu
}

function unique(base: readonly string[], added: readonly string[], removed: readonly string[]): string[] {
  return [...new Set([...base, ...added])].filter((item) => !removed.includes(item))
}
