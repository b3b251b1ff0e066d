/**
 * The `meta` constant of a module: provenance, evidence and the decision itself, as data that tools and
 * people can read. A last entry, `codeHash`, is added when the text is whole.
 */
import { isOpen } from '../../../config/value.ts'
import type { Decision } from '../decide/decision.ts'
import type { RegretStatistics } from '../decide/statistics.ts'
import type { Sweep } from '../input/sweep.ts'
import { entryAt } from '../numeric.ts'
import { type ProgramData, toProgramData } from './program_data.ts'

/** One shape whose default has changed is enough to see that others may have. */
const MOST_DEFAULTS = 64

/** What the build knows besides the decision. */
export interface Provenance {
  /** e.g. `helion-aot 0.1.0`. */
  readonly tool: string
  /** Device family of the module, e.g. `webgpu_nvidia_hopper`. */
  readonly device: string
}

export interface ModuleMeta {
  /** Version of this format. */
  readonly format: 2
  readonly tool: string
  readonly kernel: string
  readonly device: string
  /** Null where the measurements came without records. */
  readonly hardwareId: string | null
  readonly sourceHash: string | null
  readonly versions: Readonly<Record<string, string>>
  /** When the sweep was started, from its records: a rebuild gives the same text. */
  readonly date: string | null
  readonly backend: string
  readonly goal: string
  readonly sweep: { readonly shapes: number; readonly configs: number; readonly uncovered: number }
  /** Regret of the choices: geometric mean, 95th percentile and worst of time over best time. */
  readonly measured: RegretNumbers
  /** The same of further shapes, which were measured to learn from and count for no goal. */
  readonly further?: RegretNumbers & { readonly shapes: number }
  readonly heldOut: RegretNumbers | null
  /** Positions in CONFIGS, the best worst case first: what to try when a choice cannot run. */
  readonly fallbacks: readonly number[]
  /** So many of them are as good, at their worst, as the default config of a shape: after these, that one. */
  readonly beforeDefault?: number
  /**
   * Where `{}` is among the configs: the hash of what it was on measured shapes, by the hash of the shape.
   * When it is another, the module is older than the rules for defaults.
   */
  readonly defaults?: Readonly<Record<string, string>>
  /** By leaf, in the order of the code: choice, measured shapes, their held-out regret and their ranges. */
  readonly leaves: readonly LeafMeta[]
  /** What the code does, for tools that must not run it. */
  readonly decision: ProgramData
}

export interface RegretNumbers {
  readonly geomean: number
  readonly p95: number
  readonly worst: number
}

interface LeafMeta {
  readonly choice: number
  readonly shapes: number
  readonly heldOut: readonly [geomean: number, worst: number] | null
  readonly hull: Readonly<Record<string, readonly [low: number, high: number]>>
}

export function metaOf(decision: Decision, { tool, device }: Provenance): ModuleMeta {
  const { sweep, matrix, settings } = decision
  return {
    format: 2,
    tool,
    kernel: decision.kernel,
    device,
    hardwareId: sweep.run?.hardware_id ?? null,
    sourceHash: sweep.facts?.source_hash ?? null,
    versions: sweep.run?.versions ?? {},
    date: sweep.run?.started_at ?? null,
    backend: decision.backend,
    goal: `${settings.goal.name} <= ${settings.goal.threshold}${decision.goal.met ? '' : ' (missed)'}`,
    sweep: {
      shapes: sweep.shapes.length,
      configs: sweep.configs.length,
      uncovered: matrix.uncovered.length,
    },
    measured: numbers(decision.training),
    ...(decision.further
      ? { further: { shapes: decision.further.shapes, ...numbers(decision.further) } }
      : {}),
    heldOut: decision.heldOut && numbers(decision.heldOut),
    fallbacks: decision.fallbacks,
    ...(decision.beforeDefault === undefined ? {} : { beforeDefault: decision.beforeDefault }),
    ...(decision.configs.some(isOpen) ? { defaults: defaultsOf(sweep) } : {}),
    leaves: decision.leaves.map((leaf) => ({
      choice: leaf.choice,
      shapes: leaf.shapes,
      heldOut: leaf.heldOut && [rounded(leaf.heldOut.geomean), rounded(leaf.heldOut.worst)],
      hull: Object.fromEntries(
        leaf.hull.map(({ column, low, high }) => [entryAt(decision.columns, column).name, [low, high]]),
      ),
    })),
    decision: toProgramData(decision),
  }
}

/** Of shapes from all over the sweep. */
function defaultsOf(sweep: Sweep): Readonly<Record<string, string>> {
  const known = sweep.shapes.flatMap(({ hash }, shape) => {
    const cell = sweep.defaultCell(shape)
    return cell ? ([[hash, cell.hash]] as const) : []
  })
  const step = Math.max(1, known.length / MOST_DEFAULTS)
  return Object.fromEntries(known.filter((_, i) => Math.floor(i / step) > Math.floor((i - 1) / step)))
}

function numbers({ geomean, p95, worst }: RegretStatistics): RegretNumbers {
  return { geomean: rounded(geomean), p95: rounded(p95), worst: rounded(worst) }
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
