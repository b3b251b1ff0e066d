/**
 * Where a kernel's config comes from. Kernels know only this interface; the layers above supply the sources:
 * a fixed config, stored or fresh results of a search, the generated module of an AOT run.
 */
import type { Config } from '../config/config.ts'
import type { Device } from '../runtime/device.ts'
import type { Stream } from '../runtime/stream.ts'
import type { HelionError } from '../support/errors.ts'
import type { BoundKernel } from './bound_kernel.ts'
import type { CallArguments } from './call_arguments.ts'
import type { KernelDefinition } from './definition.ts'

export interface ChoiceRequest {
  readonly definition: KernelDefinition
  readonly bound: BoundKernel
  readonly call: CallArguments
  readonly device: Device
}

/** A request of a source that may use the GPU: nothing else runs while it does. */
export interface ExclusiveRequest extends ChoiceRequest {
  readonly stream: Stream
}

export interface Choice {
  readonly config: Config
  /** Configs to try, in order, when this one cannot be built on the device; asked for only then. */
  readonly fallbacks?: Iterable<Config>
  /** Told that a fallback serves instead, and why. */
  readonly onFallback?: (used: Config, refusal: HelionError) => void
  /**
   * What the choice holds for: every call of the binding, every call with these exact shapes, or this call
   * alone (because it depends on values of arguments).
   */
  readonly holdsFor: 'binding' | 'signature' | 'call'
}

export interface ConfigSource {
  /** Told at once of a call that waits in the stream, for which this source will be asked. */
  expect?(call: Omit<ChoiceRequest, 'device'>): void
  /** The config at once, or undefined when that takes time: then `prepare` or `search` is asked. */
  ready(request: ChoiceRequest): Choice | undefined
  /**
   * Gets what `ready` needs without the GPU: loads a module, reads a stored result. Then `ready` is asked
   * again.
   */
  prepare?(request: ChoiceRequest): Promise<void>
  /**
   * Finds a config by running the kernel. Asked when `ready` still has none. Undefined: this call is better
   * not made at all, which the source has said; what it should have written holds nothing in particular.
   */
  search?(request: ExclusiveRequest): Promise<Choice | undefined>
}
