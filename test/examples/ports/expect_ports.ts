/**
 * Kernels of Helion's examples that `examples/` has no counterpart of, in the form that they have there: the
 * interpreter against sums written out, and the workgroup interpreter against it. RANDOM_CONFIGS asks for
 * more random configs.
 */
import { describe, expect, it } from 'vitest'
import type { KernelFunction } from '../../../src/language/trace/trace_kernel.ts'
import { OnCpu } from '../../codegen/on_cpu.ts'
import { drawConfigs, withTilesUpTo } from '../../config/random_configs.ts'
import { type Argument, type HostArgument, type Returned, run } from '../../language/harness.ts'
import { elementsOf, type Port } from './port.ts'

const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 1)
const LARGEST_TILE = 8
/** As many as SwiftShader allows. */
const BINDINGS = 12

export function expectPorts(ports: Readonly<Record<string, Port>>): void {
  describe.each(Object.entries(ports))('%s', (_, port) => {
    it('static shapes', () => {
      expectReference(port, false)
      expectConfigs(port, false, CONFIGS - 1)
    })

    it('dynamic shapes', () => {
      expectReference(port, true)
      expectConfigs(port, true, CONFIGS)
    })
  })
}

function expectReference({ kernel, args, reference, tolerance = 1e-4 }: Port, dynamic: boolean): void {
  const given = args.map((arg) => (isTensor(arg) ? elementsOf(arg) : arg))
  const wanted = reference(...(given as never[]))
  const found = flat(run(kernel as KernelFunction, args, { dynamic, extent: 4 }).returned)
  expect(found).toHaveLength(wanted.length)
  const near = (a: number, b: number): boolean => a === b || Math.abs(a - b) <= tolerance * (1 + Math.abs(b))
  const wrong = wanted.findIndex((want, i) => !near(found[i] ?? Number.NaN, want))
  expect(wrong, `element ${wrong} is ${found[wrong]}, not ${wanted[wrong]}`).toBe(-1)
}

/** The default config, and so many random ones that compile. */
function expectConfigs({ kernel, args, tolerance = 1e-4 }: Port, dynamic: boolean, count: number): void {
  const fn = kernel as KernelFunction
  const subject = new OnCpu(fn, args, {
    dynamic,
    tolerance: { abs: tolerance, rel: tolerance },
    maxStorageBindings: BINDINGS,
  })
  const { spec } = subject.compiled
  if (count === 0 || CONFIGS > 1) {
    const [standard] = withTilesUpTo(spec, LARGEST_TILE, [spec.defaultConfig()])
    subject.expectRight(standard?.data)
  }
  let right = 0
  for (const { data } of withTilesUpTo(spec, LARGEST_TILE, drawConfigs(spec, 8 * count, Number(dynamic))))
    if (right < count && subject.outcome(data) === 'right') right++
  expect(right).toBe(count)
}

function isTensor(arg: Argument): arg is HostArgument {
  return typeof arg === 'object' && 'dtype' in arg
}

function flat(returned: Returned): readonly number[] {
  if (returned === undefined) return []
  return Array.isArray(returned) && returned.every((value) => typeof value === 'number')
    ? returned
    : Object.values(returned).flatMap((value) => flat(value as Returned))
}
