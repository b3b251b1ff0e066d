/**
 * The source of kernels whose author lists inputs (`collectFn`, `measureFn`): only those are worked on, each
 * in its turn behind the call that started it, while calls themselves run with the config that is known
 * already.
 */
import { bindAlone } from '../../kernel/bound_kernel.ts'
import { readArguments } from '../../kernel/call_arguments.ts'
import type { ChoiceRequest, ConfigSource, ExclusiveRequest } from '../../kernel/config_source.ts'
import type { KernelDefinition } from '../../kernel/definition.ts'
import { checkGuards } from '../../kernel/launch_plan.ts'
import { defaultStream } from '../../runtime/default_device.ts'
import { errorMessage, UsageError } from '../../support/errors.ts'
import { finished, unfinished } from './unfinished.ts'

interface Inputs {
  /** Name of the option, for messages. */
  readonly option: 'collectFn' | 'measureFn'
  readonly list: () => Iterable<readonly unknown[]>
}

/** `work` must not reject for what is wrong with one input. */
export function sweepSource(
  definition: KernelDefinition,
  inputs: Inputs,
  base: ConfigSource,
  work: (request: ExclusiveRequest) => Promise<unknown>,
): ConfigSource {
  let started = false
  return {
    ready(request) {
      if (!started) {
        started = true
        startSweep(definition, inputs, request, work)
      }
      return base.ready(request)
    },
    prepare: async (request) => await base.prepare?.(request),
  }
}

function startSweep(
  definition: KernelDefinition,
  { option, list }: Inputs,
  { bound }: ChoiceRequest,
  work: (request: ExclusiveRequest) => Promise<unknown>,
): void {
  const failed = (error: unknown) =>
    new UsageError(`${option} of ${definition.name} failed: ${errorMessage(error)}`, {
      location: definition.location,
      cause: error,
    })
  const guarded = <T>(action: () => T): T => {
    try {
      return action()
    } catch (error) {
      throw failed(error)
    }
  }
  const iterator = guarded(() => list()[Symbol.iterator]())
  // One input after another, so that a generator never holds the memory of more than one.
  const key = `${option} of ${definition.name}`
  const next = (): void => {
    finished(key)
    const { value, done } = guarded(() => iterator.next())
    if (done) return
    unfinished(key)
    const own = guarded(() => bindAlone(definition, readArguments(value), bound.self))
    const call = own.traced
    guarded(() => checkGuards(own.ir, call))
    const stream = call.tensors[0]?.stream ?? defaultStream()
    stream.exclusive(async (inner) => {
      try {
        const device = await inner.opened()
        await work({ definition, bound: own, call, device, stream: inner })
      } finally {
        finished(key)
      }
      next()
    })
  }
  next()
}
