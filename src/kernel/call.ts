/**
 * The life of a call: bind → choose → compile → pipeline → launch. When everything is known and compiled the
 * launch is encoded at once; otherwise it takes its place in the stream and is prepared there. Nothing here
 * waits.
 */
import type { Config } from '../config/config.ts'
import type { Device } from '../runtime/device.ts'
import type { Storage } from '../runtime/memory/storage.ts'
import type { Pipeline } from '../runtime/pipelines/pipeline_cache.ts'
import type { Alone, Job, Stream } from '../runtime/stream.ts'
import type { DeviceTensor } from '../runtime/tensor/tensor.ts'
import { lazyCallSite } from '../support/call_site.ts'
import { ConfigError, GpuError, type HelionError } from '../support/errors.ts'
import { say } from '../support/log.ts'
import type { BoundKernel } from './bound_kernel.ts'
import type { CallArguments } from './call_arguments.ts'
import type { Choice, ChoiceRequest, ConfigSource } from './config_source.ts'
import { printAfter } from './device_print.ts'
import { allFills, localsToFill, readyFills, scratchToFill } from './fills.ts'
import { interpretCall } from './interpret_call.ts'
import {
  allocateLocals,
  allocateScratch,
  type LaunchPlan,
  type LocalTensor,
  launchesOf,
  planLaunch,
  returnValue,
  sizeEvaluator,
  storagesOf,
} from './launch_plan.ts'
import type { ConfigLike } from './options.ts'
import { reproScript } from './repro.ts'

/** A config made ready for calls of one signature. */
export interface ReadyConfig {
  readonly config: Config
  readonly plan: LaunchPlan
  readonly pipelines: readonly Pipeline[]
}

/** What calls of one signature share. */
export interface CallShape {
  readonly bound: BoundKernel
  readonly locals: readonly LocalTensor[]
  /** Configs that are compiled for this signature, by hash. */
  readonly ready: Map<string, ReadyConfig>
  /** The ready config for every further call, once the source has said that its choice holds. */
  settled: { readonly ready: ReadyConfig; readonly version: number; readonly device: Device } | undefined
  /** A config that these calls use whatever the binding and the source say. */
  readonly config: ConfigLike | undefined
}

/** A call on its way. */
interface OneCall {
  readonly shape: CallShape
  readonly call: CallArguments
  readonly source: ConfigSource
  /** What the kernel allocates, by tensor id, and the memory of all its tensors. */
  readonly allocated: ReadonlyMap<number, DeviceTensor>
  readonly storages: readonly Storage[]
}

/** Makes one call: allocates what it returns, and launches or queues the work. */
export function launchCall(
  shape: CallShape,
  call: CallArguments,
  source: ConfigSource,
  stream: Stream,
): unknown {
  const { bound, locals } = shape
  const allocated = allocateLocals(locals, stream)
  const storages = storagesOf(bound.ir, call.tensors, allocated)
  const one: OneCall = { shape, call, source, allocated, storages }
  if (bound.definition.options.settings.refMode) interpretInTurn(one, stream)
  else if (!launchAtOnce(one, stream)) launchInTurn(one, stream)
  if (bound.ir.prints) printAfter(bound.ir.prints, storages, stream)
  return returnValue(bound.ir.returns, (id) => tensorOf(bound, call, allocated, id), sizeEvaluator(call))
}

/** Encodes the call when nothing has to be waited for; true when that is so. */
function launchAtOnce({ shape, call, source, allocated, storages }: OneCall, stream: Stream): boolean {
  const { device } = stream
  if (!device || !stream.idle) return false
  const ready = readyAtOnce(shape, call, source, device)
  if (!ready) return false
  const scratch = allocateScratch(ready.plan)
  const fills = readyFills(
    [...localsToFill(shape.locals, allocated), ...scratchToFill(ready.plan, scratch)],
    device,
  )
  if (!fills) return false
  for (const launch of fills) stream.launch(launch)
  for (const launch of launchesOf(
    ready.plan,
    ready.pipelines,
    { tensors: storages, scratch },
    call.scalars,
  )) {
    // Finding the caller costs more than the launch; only a first one can go wrong.
    stream.launch(launch, launch.pipeline.launched ? undefined : lazyCallSite())
  }
  for (const storage of scratch) stream.release(storage)
  return true
}

/** Chooses and compiles ahead as far as that needs no GPU, searches in the call's turn if need be. */
function launchInTurn({ shape, call, source, allocated, storages }: OneCall, stream: Stream): void {
  const { bound } = shape
  if (!(shape.config ?? bound.config)) source.expect?.({ definition: bound.definition, bound, call })
  let scratch: readonly Storage[] = []
  const launches = async (device: Device, ready: ReadyConfig | undefined) => {
    if (!ready) return undefined
    scratch = allocateScratch(ready.plan)
    const toFill = [...localsToFill(shape.locals, allocated), ...scratchToFill(ready.plan, scratch)]
    const fills = await allFills(toFill, device)
    const memory = { tensors: storages, scratch }
    return [...fills, ...launchesOf(ready.plan, ready.pipelines, memory, call.scalars)]
  }
  stream.prepare(async (device) => launches(device, await readyAhead(shape, call, source, device)), {
    ...jobOf(allocated),
    inTurn: async (device, alone) => launches(device, await readyInTurn(shape, call, source, device, alone)),
  })
  const giveBack = (): void => {
    for (const storage of scratch) storage.release()
  }
  stream.enqueue({ run: giveBack, fail: () => {} })
}

function interpretInTurn({ shape, call, allocated, storages }: OneCall, stream: Stream): void {
  stream.exclusive(async (inner) => {
    const fills = await allFills(localsToFill(shape.locals, allocated), await inner.opened())
    for (const launch of fills) inner.launch(launch)
    await interpretCall(shape.bound.ir, call, storages, inner)
  }, jobOf(allocated))
}

/** What a call that has to wait leaves undefined when it fails, and where it was made. */
function jobOf(allocated: ReadonlyMap<number, DeviceTensor>): Pick<Job, 'writes' | 'site'> {
  return { writes: [...allocated.values()].map(({ storage }) => storage), site: lazyCallSite() }
}

/** The ready config of this call, when nothing has to be waited for. */
function readyAtOnce(
  shape: CallShape,
  call: CallArguments,
  source: ConfigSource,
  device: Device,
): ReadyConfig | undefined {
  const { settled, bound } = shape
  if (settled && settled.version === bound.version && settled.device === device) return settled.ready
  const choice = chosen(shape, source, { definition: bound.definition, bound, call, device })
  if (!choice) return undefined
  const ready = shape.ready.get(choice.config.hash)
  if (ready && choice.holdsFor !== 'call') shape.settled = { ready, version: bound.version, device }
  return ready
}

/**
 * Chooses and compiles as far as that needs no GPU time, while earlier work may still be waiting. Undefined
 * when the source has to search.
 */
async function readyAhead(
  shape: CallShape,
  call: CallArguments,
  source: ConfigSource,
  device: Device,
): Promise<ReadyConfig | undefined> {
  const { bound } = shape
  const request: ChoiceRequest = { definition: bound.definition, bound, call, device }
  let choice = chosen(shape, source, request)
  if (!choice && source.prepare) {
    await source.prepare(request)
    choice = chosen(shape, source, request)
  }
  return choice && settle(shape, call, device, choice)
}

/**
 * The ready config when it is the call's turn: found by an earlier call meanwhile, or by searching now.
 * Undefined when the source says that the call is not to be made.
 */
async function readyInTurn(
  shape: CallShape,
  call: CallArguments,
  source: ConfigSource,
  device: Device,
  alone: Alone,
): Promise<ReadyConfig | undefined> {
  const { bound } = shape
  const request = { definition: bound.definition, bound, call, device }
  let choice = chosen(shape, source, request)
  if (!choice && !source.search) throw new Error(`no config was chosen for ${bound.definition.name}`)
  if (!choice) {
    await alone(async (stream) => {
      choice = await source.search?.({ ...request, stream })
    })
  }
  return choice && settle(shape, call, device, choice)
}

async function settle(
  shape: CallShape,
  call: CallArguments,
  device: Device,
  choice: Choice,
): Promise<ReadyConfig> {
  const { bound } = shape
  const ready = await buildFirst(bound, call, device, choice)
  if (bound.definition.options.settings.printRepro && !shape.ready.has(choice.config.hash))
    say(reproScript(bound.definition, call, ready.config, device), 'info')
  // Remembered under the chosen config even when a fallback had to serve.
  shape.ready.set(choice.config.hash, ready)
  if (choice.holdsFor !== 'call') shape.settled = { ready, version: bound.version, device }
  return ready
}

function chosen(shape: CallShape, source: ConfigSource, request: ChoiceRequest): Choice | undefined {
  const { bound, call, device } = request
  const config = shape.config ?? bound.config
  if (!config) return source.ready(request)
  return { config: bound.specFor(call, device).normalize(config, 'strict'), holdsFor: 'signature' }
}

/** Builds the choice, or the first of its fallbacks that the device takes. */
async function buildFirst(
  bound: BoundKernel,
  call: CallArguments,
  device: Device,
  { config, fallbacks = [], onFallback }: Choice,
): Promise<ReadyConfig> {
  let refusal: HelionError | undefined
  for (const candidate of inOrder(config, fallbacks)) {
    try {
      const ready = await buildConfig(bound, call, device, candidate)
      if (refusal) onFallback?.(candidate, refusal)
      return ready
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof GpuError)) throw error
      refusal ??= error
    }
  }
  throw refusal instanceof ConfigError ? bound.specFor(call, device).explain(refusal, config) : refusal
}

function* inOrder(first: Config, others: Iterable<Config>): Generator<Config> {
  yield first
  yield* others
}

/** Compiles a config for the sizes of a call. Rejects with ConfigError or GpuError. */
export async function buildConfig(
  bound: BoundKernel,
  call: CallArguments,
  device: Device,
  config: Config,
): Promise<ReadyConfig> {
  const plan = planLaunch(bound.compile(config, device, call), call, device)
  const pipelines = await Promise.all(plan.dispatches.map(({ request }) => device.pipelines.get(request)))
  return { config, plan, pipelines }
}

function tensorOf(
  { ir }: BoundKernel,
  call: CallArguments,
  allocated: ReadonlyMap<number, DeviceTensor>,
  id: number,
): DeviceTensor {
  const local = allocated.get(id)
  if (local) return local
  const position = ir.tensors
    .filter((tensor) => tensor.role === 'argument')
    .findIndex((tensor) => tensor.id === id)
  const argument = call.tensors[position]
  if (!argument) throw new Error(`the kernel ${ir.name} returns tensor ${id}, which does not exist`)
  return argument
}
