/**
 * The family of a device: which generated modules may serve it, the best fitting first. A family stands in
 * the name of a module, `_helion_aot_<kernel>_<family>.ts`. What a device is follows from its name, else
 * from the architecture that WebGPU reports, else from what it can do. Generations of a vendor that programs
 * can be carried over between form a line: a newer part is offered the modules of older ones, never the
 * reverse.
 */

/** What an adapter says about itself; browsers leave parts empty. */
export interface DeviceInfo {
  readonly vendor: string
  readonly architecture: string
  readonly device: string
  readonly description: string
}

/** What a device can do: all that is known of one that hides its name. */
export interface DeviceTraits {
  /** 0 where it is not fixed. */
  readonly subgroupSize: number
  readonly shaderF16: boolean
  readonly maxWorkgroupInvocations: number
  readonly maxWorkgroupBytes: number
}

/** Serves every device that has nothing better. */
const PORTABLE_FAMILY = 'webgpu_portable'

interface Generation {
  /** As in the family; with hyphens for underscores also what WebGPU calls the architecture. */
  readonly name: string
  /** Matches the device's name: lower case, one space between words. */
  readonly devices?: RegExp
}

/** From the oldest generation to the newest. */
type Line = readonly Generation[]

const of = (name: string, devices?: RegExp): Generation => (devices ? { name, devices } : { name })

/**
 * Lines by vendor. WebGPU's table of architectures lacks parts of data centres or has them wrong (V100 reads
 * pascal, Hopper is empty), and calls all of Apple's metal-3: there the name of the device knows better.
 */
const LINES: Readonly<Record<string, readonly Line[]>> = {
  nvidia: [
    [
      of('fermi', /\b(gtx|gt) [45]\d\d\b/),
      of('kepler', /\b(gtx|gt) [67]\d\d\b|\bk[248]0\b/),
      of('maxwell', /\bgtx 9\d\d\b|\bm[46]0\b|\bquadro m\d+/),
      of('pascal', /\b(gtx|gt) 10\d\d\b|\bp(4|40|100)\b|\bquadro p\d+|\btitan xp?\b/),
      of('volta', /\bg?v100s?\b|\btitan v\b/),
      of('turing', /\b(rtx 20|gtx 16)\d\d\b|\bt4g?\b|\bquadro rtx\b|\btitan rtx\b|\bt(400|600|1000|1200)\b/),
      of('ampere', /\brtx 30\d\d\b|\ba(2|10g?|16|30|40|100|800)\b|\brtx a\d{3,4}\b/),
      of('lovelace', /\brtx 40\d\d\b|\bl(4|20|40s?)\b|\brtx \d{4} ada\b/),
      of('hopper', /\bg?h(20|100|200|800)\b/),
      of('blackwell', /\brtx 50\d\d\b|\bg?b(100|200|300)\b|\bgb10\b|\brtx pro \d{4}\b/),
    ],
  ],
  amd: [
    [
      of('gcn_1'),
      of('gcn_2'),
      of('gcn_3'),
      of('gcn_4', /\brx [45]\d0\b/),
      of('gcn_5', /\bvega\b|\bradeon vii\b|\bmi(25|50|60)\b/),
      of('cdna_1', /\bmi100\b/),
      of('cdna_2', /\bmi2(10|50x?)\b/),
      of('cdna_3', /\bmi3(00[axc]?|08x|25x)\b/),
      of('cdna_4', /\bmi35[05]x\b/),
    ],
    [
      of('rdna_1', /\brx 5[567]\d\d\b/),
      of('rdna_2', /\brx 6\d{3}\b/),
      of('rdna_3', /\brx 7\d{3}\b|\bradeon pro w7\d{3}\b/),
      of('rdna_4', /\brx 9\d{3}\b/),
    ],
  ],
  intel: [
    ['gen_7', 'gen_8', 'gen_9', 'gen_11', 'gen_12lp', 'xe_lpg', 'xe_2lpg', 'xe_3lpg'].map((name) => of(name)),
    [of('gen_12hp', /\barc a\d{3}m?\b/), of('xe_2hpg', /\barc b\d{3}\b/)],
  ],
  apple: [
    [of('common_3'), of('metal_3'), ...[1, 2, 3, 4, 5].map((n) => of(`m${n}`, new RegExp(`\\bm${n}\\b`)))],
  ],
  qualcomm: [['adreno_4xx', 'adreno_5xx', 'adreno_6xx', 'adreno_7xx', 'adreno_8xx'].map((name) => of(name))],
  arm: [['midgard', 'bifrost', 'valhall', 'gen_5'].map((name) => of(name))],
  samsung: [[of('rdna_2'), of('rdna_3')]],
  google: [[of('swiftshader', /\bswiftshader\b/)]],
  mesa: [[of('llvmpipe', /\bllvmpipe\b|\blavapipe\b/)]],
  microsoft: [[of('warp', /\bwarp\b|\bmicrosoft basic render\b/)]],
}

/** Families whose modules may serve this device, best first; ends in the vendor's and the portable one. */
export function deviceFamilies(info: DeviceInfo, traits: DeviceTraits): readonly string[] {
  const vendor = identifier(info.vendor) || 'unknown'
  const lines = LINES[vendor] ?? []
  const architecture = identifier(info.architecture)
  const trusted = architecture !== vendor && architecture !== ''
  const own = byDevice(lines, info) ?? (trusted ? byArchitecture(lines, architecture) : [signature(traits)])
  return [...own.map((name) => `webgpu_${vendor}_${name}`), `webgpu_${vendor}`, PORTABLE_FAMILY]
}

/** The family under which modules made on this device are filed. */
export function deviceFamily(info: DeviceInfo, traits: DeviceTraits): string {
  return deviceFamilies(info, traits)[0] ?? PORTABLE_FAMILY
}

function byDevice(
  lines: readonly Line[],
  { device, description }: DeviceInfo,
): readonly string[] | undefined {
  const name = `${device} ${description}`.toLowerCase().replace(/[^a-z0-9]+/g, ' ')
  for (const line of lines) {
    const newest = line.findLastIndex(({ devices }) => devices?.test(name))
    if (newest >= 0) return newestFirst(line, newest)
  }
  return undefined
}

function byArchitecture(lines: readonly Line[], architecture: string): readonly string[] {
  for (const line of lines) {
    const known = line.findIndex(({ name }) => name === architecture)
    if (known >= 0) return newestFirst(line, known)
  }
  return [architecture, ...olderByNumber(lines, architecture)]
}

/**
 * An architecture that appeared after this table was made comes after those of its name with lower numbers.
 */
function olderByNumber(lines: readonly Line[], architecture: string): readonly string[] {
  const own = numbered(architecture)
  if (!own) return []
  for (const line of lines) {
    const newest = line.findLastIndex(({ name }) => {
      const other = numbered(name)
      return other?.stem === own.stem && other.number < own.number
    })
    if (newest >= 0) return newestFirst(line, newest)
  }
  return []
}

function numbered(name: string): { readonly stem: string; readonly number: number } | undefined {
  const [, stem, digits] = /^(\D+)(\d+)/.exec(name) ?? []
  return stem === undefined ? undefined : { stem, number: Number(digits) }
}

function newestFirst(line: Line, newest: number): readonly string[] {
  return line
    .slice(0, newest + 1)
    .reverse()
    .map(({ name }) => name)
}

/** Devices that hide what they are share modules with those that can do the same. */
function signature(traits: DeviceTraits): string {
  const { subgroupSize, shaderF16, maxWorkgroupInvocations, maxWorkgroupBytes } = traits
  const subgroup = subgroupSize > 0 ? `sg${subgroupSize}` : 'sgx'
  const float = shaderF16 ? 'f16' : 'f32'
  return `${subgroup}_${float}_wg${maxWorkgroupInvocations}_mem${Math.floor(maxWorkgroupBytes / 1024)}k`
}

/** Lower case, with underscores for everything that is no letter or digit. */
function identifier(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '')
}
