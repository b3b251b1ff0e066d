/**
 * Threads that generate the code of configs, so that the one which chooses and measures has its time for
 * that. A kernel is sent to each of them once; it is plain data, no code of the user's runs there. Node only.
 */
import type { Worker } from 'node:worker_threads'
import { compileKernel } from '../codegen/compile.ts'
import { Config } from '../config/config.ts'
import type { KernelIr } from '../ir/kernel_ir.ts'
import type { CompileElsewhere } from '../kernel/bound_kernel.ts'
import { nodeBuiltin } from '../support/node.ts'
import { trialEntry } from './isolation/entry.ts'
import { startThread } from './isolation/thread.ts'

/** Threads, and the share of the processors that they may have. */
const MOST_THREADS = 3
const SHARE = 1 / 4
/** Kernels that a thread remembers. */
const MOST_KERNELS = 8

/** Tells a thread what it is for. */
export const CODEGEN = 'codegen'

interface Question {
  readonly id: number
  /** Number of the kernel, and the kernel itself the first time. */
  readonly kernel: number
  readonly ir: KernelIr | undefined
  readonly config: Config['data']
  readonly limits: Parameters<CompileElsewhere>[2]
  readonly options: Parameters<CompileElsewhere>[3]
}

type Program = Awaited<ReturnType<CompileElsewhere>>

interface Answer {
  readonly id: number
  /** Undefined where the config is refused: whoever wants to know why compiles it. */
  readonly program: Program
}

/** One of them, seen from here. */
export class CodegenThread {
  readonly #worker: Worker
  readonly #kernels = new Map<KernelIr, number>()
  readonly #waiting = new Map<number, (program: Program) => void>()
  #questions = 0
  #ended = false

  /** `entry` is a file whose program calls `serveCodegen` in a thread. */
  constructor(entry: string) {
    this.#worker = startThread(entry, CODEGEN)
    this.#worker.unref()
    this.#worker.on('message', ({ id, program }: Answer) => this.#answer(id, program))
    // What is wrong shows where the config is compiled without it.
    this.#worker.on('error', () => this.#end())
    this.#worker.on('exit', () => this.#end())
  }

  get load(): number {
    return this.#waiting.size
  }

  readonly compile: CompileElsewhere = async (ir, config, limits, options) => {
    if (this.#ended) return undefined
    const known = this.#kernels.get(ir)
    const kernel = known ?? ++this.#questions
    if (known === undefined) this.#remember(ir, kernel)
    const id = ++this.#questions
    const sent = known === undefined ? ir : undefined
    const question: Question = { id, kernel, ir: sent, config: config.data, limits, options }
    return await new Promise((resolve) => {
      // The program goes on until the answer is there.
      this.#worker.ref()
      this.#waiting.set(id, resolve)
      try {
        this.#worker.postMessage(question)
      } catch {
        // It holds what cannot be sent.
        this.#answer(id, undefined)
      }
    })
  }

  /** Forgets the oldest, as the thread does. */
  #remember(ir: KernelIr, kernel: number): void {
    this.#kernels.set(ir, kernel)
    for (const old of [...this.#kernels.keys()].slice(0, -MOST_KERNELS)) this.#kernels.delete(old)
  }

  #answer(id: number, program: Program): void {
    this.#waiting.get(id)?.(program)
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#worker.unref()
  }

  #end(): void {
    this.#ended = true
    for (const id of [...this.#waiting.keys()]) this.#answer(id, undefined)
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
  const port = nodeBuiltin('worker_threads')?.parentPort
  const kernels = new Map<number, KernelIr>()
  port?.on('message', ({ id, kernel, ir, config, limits, options }: Question) => {
    if (ir) kernels.set(kernel, ir)
    for (const old of [...kernels.keys()].slice(0, -MOST_KERNELS)) kernels.delete(old)
    const known = kernels.get(kernel)
    port.postMessage({ id, program: known && attempt(known, config, limits, options) } satisfies Answer)
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
