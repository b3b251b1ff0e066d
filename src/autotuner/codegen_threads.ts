/**
 * Threads that generate the code of configs, so that the one which chooses and measures has its time for
 * that. A kernel is sent to each of them once; it is plain data, no code of the user's runs there. Node only.
 */
import { compileKernel } from '../codegen/compile.ts'
import { Config } from '../config/config.ts'
import type { KernelIr } from '../ir/kernel_ir.ts'
import type { CompileElsewhere } from '../kernel/bound_kernel.ts'
import { nodeBuiltin } from '../support/node.ts'
import { trialEntry } from './isolation/entry.ts'
import { AskedThread, answerQuestions } from './isolation/thread.ts'

/** Threads, and the share of the processors that they may have. */
const MOST_THREADS = 3
const SHARE = 1 / 4
/** Kernels that a thread remembers. */
const MOST_KERNELS = 8

/** Tells a thread what it is for. */
export const CODEGEN = 'codegen'

interface Question {
  /** Number of the kernel, and the kernel itself the first time. */
  readonly kernel: number
  readonly ir: KernelIr | undefined
  readonly config: Config['data']
  readonly limits: Parameters<CompileElsewhere>[2]
  readonly options: Parameters<CompileElsewhere>[3]
}

/** Undefined where the config is refused: whoever wants to know why compiles it. */
type Program = Awaited<ReturnType<CompileElsewhere>>

/** One of them, seen from here. */
export class CodegenThread {
  readonly #thread: AskedThread<Question, Program>
  readonly #kernels = new Map<KernelIr, number>()
  #sent = 0

  /** `entry` is a file whose program calls `serveCodegen` in a thread. */
  constructor(entry: string) {
    this.#thread = new AskedThread(entry, CODEGEN)
  }

  get load(): number {
    return this.#thread.load
  }

  readonly compile: CompileElsewhere = (ir, config, limits, options) => {
    const known = this.#kernels.get(ir)
    const kernel = known ?? ++this.#sent
    if (known === undefined) this.#remember(ir, kernel)
    const sent = known === undefined ? ir : undefined
    return this.#thread.ask({ kernel, ir: sent, config: config.data, limits, options })
  }

  /** Forgets the oldest, as the thread does. */
  #remember(ir: KernelIr, kernel: number): void {
    this.#kernels.set(ir, kernel)
    for (const old of [...this.#kernels.keys()].slice(0, -MOST_KERNELS)) this.#kernels.delete(old)
  }
}

let threads: readonly CodegenThread[] | undefined

/** Compiles in the thread that has least to do; undefined where there are none to spare. */
export function compileInThreads(): CompileElsewhere | undefined {
  threads ??= started()
  if (threads.length === 0) return undefined
  return (...parts) => {
    const [first] = (threads ?? []).toSorted((a, b) => a.load - b.load)
    return first ? first.compile(...parts) : Promise.resolve(undefined)
  }
}

function started(): readonly CodegenThread[] {
  const processors = nodeBuiltin('os')?.availableParallelism() ?? 1
  const count = Math.min(MOST_THREADS, Math.floor(processors * SHARE))
  try {
    const { path } = trialEntry()
    return Array.from({ length: count }, () => new CodegenThread(path))
  } catch {
    // Bundled without the package: this thread has to do.
    return []
  }
}

/** The thread's own program. */
export function serveCodegen(): void {
  const kernels = new Map<number, KernelIr>()
  answerQuestions(({ kernel, ir, config, limits, options }: Question): Program => {
    if (ir) kernels.set(kernel, ir)
    for (const old of [...kernels.keys()].slice(0, -MOST_KERNELS)) kernels.delete(old)
    const known = kernels.get(kernel)
    return known && attempt(known, config, limits, options)
  })
}

function attempt(
  ir: KernelIr,
  config: Config['data'],
  limits: Question['limits'],
  options: Question['options'],
): Program {
  try {
    return compileKernel(ir, new Config(config), limits, options)
  } catch {
    return undefined
  }
}
