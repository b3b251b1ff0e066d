/**
 * Which adapter to use. With HELION_ADAPTER: the first whose vendor, architecture, device or description
 * contains that text (`software`: the first that runs on the CPU). Without: hardware, then a software adapter
 * of the system, then the embedded one. Finding none is an `AdapterError` that lists what was seen and what
 * to install.
 */
import { AdapterError, errorMessage } from '../../support/errors.ts'
import { environment, nodeBuiltin, nodeProcess } from '../../support/node.ts'
import { embeddedGpu, hasVulkanLoader, loadLibrary, systemAdapterNames, systemGpu } from './dawn.ts'
import { findArchive, unpackAdapter } from './swiftshader.ts'

/** What an adapter says about itself; browsers leave parts empty. */
export interface AdapterInfo {
  readonly vendor: string
  readonly architecture: string
  readonly device: string
  readonly description: string
  /** True for adapters that run on the CPU. */
  readonly software: boolean
}

export interface FoundAdapter {
  readonly gpu: GPU
  readonly adapter: GPUAdapter
  readonly info: AdapterInfo
}

/** A place where adapters come from, best first. Throws when the place is unusable. */
export interface AdapterSource {
  readonly name: string
  /** Known text of the only adapter this source can have. */
  readonly always?: string
  adapters(): AsyncIterable<FoundAdapter>
}

const INSTALL = `Install one of:
  - a GPU driver with Vulkan 1.1 or newer (Linux), or current Windows or macOS;
  - Mesa's software driver, release 23 or newer: apt-get install mesa-vulkan-drivers libvulkan1;
  - the embedded software adapter (Linux on x64): npm install @sparticuz/chromium@147.0.0.`

/** The adapter to use. `wanted` is the text of HELION_ADAPTER, empty for any. Throws AdapterError. */
export async function chooseAdapter(
  wanted: string = environment('HELION_ADAPTER') ?? '',
  sources: readonly AdapterSource[] = adapterSources(),
): Promise<FoundAdapter> {
  const matches = matcher(wanted)
  const seen: string[] = []
  for (const source of inOrder(sources, wanted)) {
    const chosen = await firstMatch(source, matches, seen)
    if (chosen) return chosen
  }
  throw noAdapter(wanted, seen)
}

/** One line for people: "nvidia nvidia-h200, NVIDIA: 580.159.04". */
export function describeAdapter(info: AdapterInfo): string {
  const name = [info.vendor, info.architecture, info.device].filter(Boolean).join(' ')
  return [name || 'unnamed adapter', info.description].filter(Boolean).join(', ')
}

/** The sources of this environment, best first. */
export function adapterSources(): AdapterSource[] {
  if (!nodeProcess) return [BROWSER]
  return [SYSTEM, EMBEDDED]
}

/** Some browsers have it in pages only. */
const NO_WEBGPU =
  'WorkerGlobalScope' in globalThis ? 'workers of this browser have no WebGPU' : 'this browser has no WebGPU'

const BROWSER: AdapterSource = {
  name: 'navigator.gpu',
  async *adapters() {
    const gpu = globalThis.navigator?.gpu
    if (!gpu) throw new Error(isSecure() ? NO_WEBGPU : 'the page is not a secure context')
    yield* await request(gpu, { powerPreference: 'high-performance' })
    yield* await request(gpu, { forceFallbackAdapter: true })
  },
}

const SYSTEM: AdapterSource = {
  name: 'drivers of the system',
  async *adapters() {
    await ensureVulkanLoader()
    const [best] = await request(await systemGpu(), { powerPreference: 'high-performance' })
    if (!best) return
    if (!best.info.software) yield best
    const names = await systemAdapterNames()
    const all = names.map(async (name) => request(await systemGpu(`adapter=${name}`)))
    yield* (await Promise.all(all)).flat().sort((a, b) => Number(a.info.software) - Number(b.info.software))
    yield best
  },
}

const EMBEDDED: AdapterSource = {
  name: 'embedded SwiftShader',
  always: 'google swiftshader swiftshader-device-subzero- SwiftShader driver',
  async *adapters() {
    const archive = findArchive()
    if ('missing' in archive) throw new Error(archive.missing)
    yield* await request(await embeddedGpu(await unpackAdapter(archive.path)))
  },
}

/** Without a Vulkan loader no driver of the system is found; the embedded one can take its place. */
async function ensureVulkanLoader(): Promise<void> {
  const archive = findArchive()
  if ('missing' in archive || hasVulkanLoader()) return
  loadLibrary((await unpackAdapter(archive.path)).loader)
}

async function request(gpu: GPU, options: GPURequestAdapterOptions = {}): Promise<FoundAdapter[]> {
  const adapter = await gpu.requestAdapter(options)
  return adapter ? [{ gpu, adapter, info: readInfo(adapter) }] : []
}

function readInfo({ info }: GPUAdapter): AdapterInfo {
  const { vendor, architecture, device, description } = info
  const knownSoftware = /swiftshader|llvmpipe|lavapipe|\bwarp\b/i.test(
    `${architecture} ${device} ${description}`,
  )
  return { vendor, architecture, device, description, software: info.isFallbackAdapter || knownSoftware }
}

/** A source that can only be the wanted one goes first, so that no driver is started for nothing. */
function inOrder(sources: readonly AdapterSource[], wanted: string): AdapterSource[] {
  const certain = (source: AdapterSource) =>
    wanted !== '' && source.always?.toLowerCase().includes(wanted.toLowerCase()) === true
  return [...sources.filter(certain), ...sources.filter((source) => !certain(source))]
}

function matcher(wanted: string): (info: AdapterInfo) => boolean {
  if (wanted === '') return () => true
  const text = wanted.toLowerCase()
  if (text === 'software') return (info) => info.software
  return ({ vendor, architecture, device, description }) =>
    [vendor, architecture, device, description].some((part) => part.toLowerCase().includes(text))
}

async function firstMatch(
  source: AdapterSource,
  matches: (info: AdapterInfo) => boolean,
  seen: string[],
): Promise<FoundAdapter | undefined> {
  const names = new Set<string>()
  try {
    for await (const found of source.adapters()) {
      if (matches(found.info)) return found
      names.add(describeAdapter(found.info))
    }
    seen.push(`${source.name}: ${[...names].join('; ') || 'no adapter'}`)
  } catch (error) {
    seen.push([`${source.name}: ${errorMessage(error)}`, ...names].join('; '))
  }
  return undefined
}

function isSecure(): boolean {
  return globalThis.isSecureContext !== false
}

/** What stands between this page and an adapter. */
function wayOutOfPage(): string {
  if (!isSecure()) return 'Open the page over HTTPS or from localhost: only there pages have WebGPU.'
  if (!globalThis.navigator?.gpu)
    return 'Use a current Chrome, Edge, Firefox or Safari; on Linux its settings may have WebGPU turned off.'
  return (
    'The browser has WebGPU, but no GPU that it may use: ' +
    'turn on hardware acceleration in its settings, or update the driver of the GPU.'
  )
}

/** A worker thread has a copy of the environment, in which the Vulkan loader does not look for its driver. */
function wayOutOfThread(): string | undefined {
  if (nodeBuiltin('worker_threads')?.isMainThread !== false) return undefined
  return 'In a worker thread the embedded adapter needs new Worker(url, { env: SHARE_ENV }).'
}

function noAdapter(wanted: string, seen: readonly string[]): AdapterError {
  const list = seen.map((line) => `\n  - ${line}`).join('')
  if (wanted === '')
    return new AdapterError(`No WebGPU adapter was found:${list}`, {
      remedy: wayOutOfThread() ?? (nodeProcess ? INSTALL : wayOutOfPage()),
    })
  return new AdapterError(`No WebGPU adapter matches '${wanted}'. Found:${list}`, {
    remedy:
      wayOutOfThread() ??
      (nodeProcess
        ? 'Set HELION_ADAPTER to a part of one of these names, to `software`, or leave it unset.'
        : 'Ask for a part of one of these names, for `software`, or for none.'),
  })
}
