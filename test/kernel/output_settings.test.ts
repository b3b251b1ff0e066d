/** Settings that change the text of a shader or its launch, and nothing else. */
import { beforeAll, expect, it } from 'vitest'
import { getDevice, hl, type KernelOptions, kernel, randn, type Tensor } from '../../src/index.ts'
import { bindAlone } from '../../src/kernel/bound_kernel.ts'
import { readArguments } from '../../src/kernel/call_arguments.ts'

beforeAll(async () => {
  await getDevice()
})

function rowSums(options: KernelOptions<(x: Tensor) => Tensor>) {
  return kernel({ config: {}, ...options }, function row_sums(x: Tensor) {
    const out = hl.empty([x.shape[0]])
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(-1))
    return out
  })
}

it('names the lines of the author in the WGSL, unless told not to', async () => {
  const x = randn([64, 32])
  const loop = 'output_settings.test.ts:14'
  const wgsl = rowSums({}).bind(x).toWgsl()
  expect(wgsl).toMatch(new RegExp(`^  // ${loop}\\n  let `, 'm'))
  expect(rowSums({ outputOriginLines: false }).bind(x).toWgsl()).toBe(
    wgsl.replaceAll(/ *\/\/ output_settings.*\n/g, ''),
  )
})

it('leaves compute units free when persistent launches shall', async () => {
  const device = await getDevice()
  const { computeUnits } = device.limits
  const x = randn([64 * computeUnits, 4])
  const workgroups = (options: KernelOptions<(x: Tensor) => Tensor>): unknown => {
    const bound = bindAlone(rowSums(options).definition, readArguments([x]))
    const config = { block_sizes: [1], num_warps: 1, pid_type: 'persistent_blocked' }
    const program = bound.compile(bound.spec(device).normalize(config, 'strict'), device)
    return program.dispatches[0]?.grid
  }
  expect(workgroups({})).toEqual({ kind: 'linear', count: computeUnits })
  const left = Math.max(1, computeUnits - 1)
  expect(workgroups({ persistentReservedSms: 1 })).toEqual({ kind: 'linear', count: left })
})
