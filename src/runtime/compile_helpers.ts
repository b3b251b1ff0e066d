/**
 * Devices that are there for nothing but compiling. Drivers may compile one pipeline after another on each
 * device, however many processors there are, and several at a time on several devices; what one device of a
 * process has compiled, its others then get at once.
 */
import { AdapterError } from '../support/errors.ts'
import { nextTurn } from '../support/macrotask.ts'
import type { Device } from './device.ts'
import type { PipelineRequest } from './pipelines/pipeline_request.ts'

/** What is needed of a device. */
export type Compiler = Pick<Device, 'pipelines' | 'destroy'>

interface Helper {
  readonly device: Compiler
  /** Shaders that it is compiling. */
  load: number
}

interface Waiting {
  readonly request: PipelineRequest
  readonly done: (compileMs: number) => void
}

/** So many shaders a device has at a time: what is done before a driver's own work runs beside that. */
const MOST_LOAD = 2

export class CompileHelpers {
  readonly #helpers: Helper[] = []
  /** Shaders that wait for a device, which one of those may be that is still to be opened. */
  readonly #waiting: Waiting[] = []
  #isOpening = false
  #isClosed = false
  /** Milliseconds that a shader takes, from when it is asked for until it is there. */
  readonly #underWay = new Map<string, Promise<number>>()

  /** Opens so many devices, one after the other; the first ones compile while others are opened. */
  async open(device: () => Promise<Compiler>, count: number): Promise<void> {
    this.#isOpening = true
    try {
      while (this.#helpers.length < count && !this.#isClosed) {
        this.#helpers.push({ device: await device(), load: 0 })
        this.#assign()
        // What was asked for meanwhile comes first.
        await nextTurn()
      }
    } catch (error) {
      // Fewer have to do.
      if (!(error instanceof AdapterError)) throw error
    } finally {
      this.#isOpening = false
      this.#assign()
    }
    if (this.#isClosed) this.close()
  }

  /** Gives the devices back: nothing is compiled any more. */
  close(): void {
    this.#isClosed = true
    for (const { device } of this.#helpers.splice(0)) device.destroy()
    this.#assign()
  }

  /** How many there are. */
  get count(): number {
    return this.#helpers.length
  }

  /**
   * Milliseconds that it took to compile a pipeline; 0 where that was not done, for whatever reason: the
   * device that wants the pipeline says what is wrong with it. Equal shaders are compiled once. Waits for
   * devices that are being opened: what is compiled on the one that runs programs keeps it from running any.
   */
  compile(request: PipelineRequest): Promise<number> {
    const { wgsl } = request
    const underWay = this.#underWay.get(wgsl)
    if (underWay) return underWay
    const work = new Promise<number>((done) => this.#waiting.push({ request, done }))
    this.#underWay.set(wgsl, work)
    this.#assign()
    return work
  }

  /** Gives what waits to the devices that have least to do, or up where there will be none. */
  #assign(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const helper = this.#helpers.toSorted((a, b) => a.load - b.load)[0]
      const nobodyComes = !helper && (this.#isClosed || !this.#isOpening)
      if (!nobodyComes && (helper?.load ?? MOST_LOAD) >= MOST_LOAD) return
      this.#waiting.shift()
      const { request, done } = next
      void this.#onHelper(helper, request).then((compileMs) => {
        this.#underWay.delete(request.wgsl)
        done(compileMs)
        this.#assign()
      })
    }
  }

  async #onHelper(helper: Helper | undefined, request: PipelineRequest): Promise<number> {
    if (!helper) return 0
    helper.load++
    try {
      return (await helper.device.pipelines.get(request)).compileMs
    } catch (error) {
      if (error instanceof AdapterError) this.#helpers.splice(this.#helpers.indexOf(helper), 1)
      return 0
    } finally {
      helper.load--
    }
  }
}
