/** Programs of WGSL that people wrote themselves, made of configs. */

import { NO_WORDS } from '../../runtime/commands/launch.ts'
import { decodeBytes } from '../../runtime/memory/host_data.ts'
import type { Access } from '../../runtime/pipelines/pipeline_request.ts'
import type { Stream } from '../../runtime/stream.ts'
import type { DeviceTensor } from '../../runtime/tensor/tensor.ts'
import { UsageError } from '../../support/errors.ts'
import { createLog } from '../../support/log.ts'
import type { Settings } from '../../support/settings.ts'
import { sha16 } from '../../support/stable.ts'
import { openRunner } from '../isolation/open_runner.ts'
import type { Expected } from '../trial/accuracy.ts'
import type { ProgramSource } from '../trial/program_source.ts'
import type { TrialDispatch, TrialProgram } from '../trial/trial_program.ts'
import type { ExpectedValues, TunableParts, WgslLaunch } from './tunable_parts.ts'

export function wgslPrograms(
  parts: TunableParts,
  stream: Stream,
  settings: Settings,
): ProgramSource<TrialProgram> {
  const { name, call, space, compiled } = parts
  const programOf: ProgramSource<TrialProgram>['programOf'] = async (config) => {
    const made = await compiled(config)
    if (typeof made === 'function')
      throw new UsageError(`compile of ${name} returned WGSL for one config and a function for another`)
    const launches = Array.isArray(made) ? (made as readonly WgslLaunch[]) : [made as WgslLaunch]
    const dispatches = launches.map((launch) => dispatchOf(name, launch, call.tensors))
    const identity = dispatches.map(({ wgsl, grid, bindings }) => [wgsl, grid, bindings])
    return { hash: sha16(identity), dispatches, scratch: [] }
  }
  const answersOfDefault = async (answers: Parameters<ProgramSource<TrialProgram>['expected']>[1]) => {
    const { dispatches } = await programOf(space.defaultConfig())
    const bound = dispatches.flatMap(({ bindings }) => bindings)
    const written = bound.flatMap((one) => (one.access === 'read_write' && 'tensor' in one ? one.tensor : []))
    const bytes = await answers(
      () => programOf(space.defaultConfig()),
      new Map(written.map((id) => [id, undefined])),
    )
    return call.tensors.map((tensor, id) => valuesOf(bytes?.get(id), tensor))
  }
  let expected: Promise<readonly Expected[]> | undefined
  return {
    programOf,
    filtered: (config) => config,
    familyOf: ({ hash }) => hash,
    expected(_config, answers) {
      expected ??= (async () => {
        const values = (await parts.expected()) ?? (await answersOfDefault(answers))
        return expectations(values, call.tensors, (index) => `args[${index}]`)
      })()
      return expected
    },
    async open() {
      const device = await stream.opened()
      const log = createLog(settings.autotuneLogLevel)
      const tensors = call.tensors.map(({ dtype, shape }, contents) => ({
        dtype,
        shape,
        contents,
        written: true,
        fill: undefined,
      }))
      const contents = call.tensors.map(({ storage }) => storage)
      const subject = { kernel: name, tensors, flushCache: settings.autotuneFlushCache }
      return openRunner({ device, stream, settings, log, subject, contents })
    },
  }
}

/** Values that tensors must hold, as what answers are compared with. */
export function expectations(
  values: ExpectedValues,
  tensors: readonly Pick<DeviceTensor, 'dtype' | 'shape' | 'size'>[],
  nameOf: (index: number) => string,
): readonly Expected[] {
  return values.flatMap((known, index): Expected[] => {
    const tensor = tensors[index]
    if (known === null || known === undefined) return []
    if (!tensor || tensor.size !== known.length)
      throw new UsageError(
        `expected[${index}] has ${known.length} values, ${nameOf(index)} has ${tensor?.size ?? 'none'}`,
      )
    const { dtype, shape } = tensor
    const name = nameOf(index)
    return [{ tensor: index, name, dtype, shape, values: known, positions: undefined, precision: dtype }]
  })
}

export function valuesOf(
  bytes: ArrayBuffer | undefined,
  { dtype, size }: Pick<DeviceTensor, 'dtype' | 'size'>,
): ArrayLike<number> | undefined {
  if (!bytes) return undefined
  return decodeBytes(bytes, dtype).subarray(0, size)
}

function dispatchOf(name: string, launch: WgslLaunch, tensors: readonly DeviceTensor[]): TrialDispatch {
  const { wgsl, workgroups, bindings: given = tensors } = launch
  if (typeof wgsl !== 'string' || workgroups === undefined)
    throw new UsageError(`compile of ${name} returned neither a function nor WGSL with its workgroups`, {
      remedy: 'Return { wgsl, workgroups, bindings }, or a function to call.',
    })
  const accesses = accessesOf(wgsl)
  const bindings = given.map((tensor, binding) => {
    const index = (tensors as readonly unknown[]).indexOf(tensor)
    if (index < 0)
      throw new UsageError(`binding ${binding} of ${name} is none of the tensors in args`, {
        remedy: 'Put every tensor that is bound into args.',
      })
    return { tensor: index, access: accesses.get(binding) ?? 'read' }
  })
  const [x = 1, y = 1, z = 1] = typeof workgroups === 'number' ? [workgroups] : workgroups
  return { label: name, wgsl, bindings, wordsIn: 'uniform', words: NO_WORDS, grid: [x, y, z] }
}

/** How the storage buffers in a shader may be used, by binding. */
function accessesOf(wgsl: string): ReadonlyMap<number, Access> {
  const declarations = wgsl.matchAll(/@binding\(\s*(\d+)\s*\)[^;{]*?var\s*<\s*storage\s*(?:,\s*(\w+)\s*)?>/g)
  return new Map(
    [...declarations].map(([, binding, access]) => [
      Number(binding),
      access === 'read_write' ? 'read_write' : 'read',
    ]),
  )
}
