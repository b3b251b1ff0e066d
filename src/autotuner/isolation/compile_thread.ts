/**
 * A thread that compiles the programs of a device ahead of it, on devices of its own: reading a shader takes
 * the thread that asks for it, and the one that tries programs has other things to do. A driver that makes
 * each device compile anew is found out by that, and gets no help any more.
 */
import { workerData } from 'node:worker_threads'
import { CompileHelpers } from '../../runtime/compile_helpers.ts'
import { type Device, openDevice } from '../../runtime/device.ts'
import type { PipelineRequest } from '../../runtime/pipelines/pipeline_request.ts'
import { median } from '../../support/maths.ts'
import { AskedThread, answerQuestions } from './thread.ts'

/** Devices of the thread, and how the device they help was asked for. */
export interface ThreadOptions {
  readonly count: number
  readonly adapter: string
  readonly without: readonly string[]
}

/** Shaders that are compiled sooner than that tell nothing about the driver. */
const TELLING_MS = 20
/** So many are compiled twice before the thread is given up. */
const ENOUGH = 4
/** Share of the first time above which the second compilation was one. */
const ANEW = 0.5

/** The thread, seen from the one that runs the programs. */
export class CompileThread {
  readonly #thread: AskedThread<PipelineRequest, number>
  #useless = false
  /** Time of second compilations, as shares of the first. */
  readonly #shares: number[] = []

  /** `entry` is a file whose program calls `serveCompilations` in a thread. */
  constructor(entry: string, options: ThreadOptions) {
    this.#thread = new AskedThread(entry, options, () => this.stop())
  }

  get givenUp(): boolean {
    return this.#useless
  }

  /** Has a device compile a pipeline; milliseconds that it took. Rejects as `pipelines.get` does. */
  async compile(request: PipelineRequest, { pipelines }: Pick<Device, 'pipelines'>): Promise<number> {
    const known = pipelines.peek(request)
    if (known) return known.compileMs
    const aheadMs = (await this.#ahead(request)) ?? 0
    const { compileMs } = await pipelines.get(request)
    this.#learn(aheadMs, compileMs)
    return aheadMs + compileMs
  }

  #ahead({ label, wgsl, bindings, words, wordsIn }: PipelineRequest): Promise<number | undefined> {
    const accesses = bindings.map(({ access }) => ({ access }))
    return this.#thread.ask({ label, wgsl, bindings: accesses, words: { length: words.length }, wordsIn })
  }

  #learn(aheadMs: number, compileMs: number): void {
    if (aheadMs < TELLING_MS || this.#useless) return
    this.#shares.push(compileMs / aheadMs)
    if (this.#shares.length >= ENOUGH && median(this.#shares) > ANEW) this.stop()
  }

  /** Compiles nothing ahead any more. */
  stop(): void {
    this.#useless = true
    this.#thread.end()
  }
}

/** The thread's own program. */
export function serveCompilations(): void {
  const { count, adapter, without } = workerData as ThreadOptions
  const helpers = new CompileHelpers()
  void helpers.open(() => openDevice({ adapter, without }), count)
  answerQuestions(
    (request: PipelineRequest) => helpers.compile(request),
    () => helpers.close(),
  )
}
