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

export class CompileHelpers {
  readonly #helpers: Helper[] = []
  #isClosed = false
  /** Milliseconds that a shader takes, while it is being compiled. */
  readonly #underWay = new Map<string, Promise<number>>()

  /** Opens so many devices, one after the other; the first ones compile while others are opened. */
  async open(device: () => Promise<Compiler>, count: number): Promise<void> {
    try {
      while (this.#helpers.length < count && !this.#isClosed) {
        this.#helpers.push({ device: await device(), load: 0 })
        // What was asked for meanwhile comes first.
        await nextTurn()
      }
    } catch (error) {
      // Fewer have to do.
      if (!(error instanceof AdapterError)) throw error
    }
    if (this.#isClosed) this.close()
  }

  /** Gives the devices back: nothing is compiled any more. */
  close(): void {
    this.#isClosed = true
    for (const { device } of this.#helpers.splice(0)) device.destroy()
  }

  /** How many there are. */
  get count(): number {
    return this.#helpers.length
  }

  /**
   * Milliseconds that it took to compile a pipeline; 0 where that was not done, for whatever reason: the
   * device that wants the pipeline says what is wrong with it. Equal shaders are compiled once.
   */
  async compile(request: PipelineRequest): Promise<number> {
    const { wgsl } = request
    const underWay = this.#underWay.get(wgsl)
    if (underWay) return await underWay
    const helper = this.#helpers.toSorted((a, b) => a.load - b.load)[0]
    if (!helper) return 0
    const work = this.#onHelper(helper, request).finally(() => this.#underWay.delete(wgsl))
    this.#underWay.set(wgsl, work)
    return await work
  }

  async #onHelper(helper: Helper, request: PipelineRequest): Promise<number> {
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
