/** Tensors that a kernel takes from around it, in runs: calls, and inputs that the author makes. */
import { expect, it } from 'vitest'
import { aotKernel, hl, type KernelOptions, randn, type Tensor, tensor } from '../../../src/index.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { type Copying, cellsIn, eventsIn, inPhase } from '../phase_kernels.ts'

const bias = tensor(Array.from({ length: 512 }, (_, i) => i))

const addBias = (options: KernelOptions<Copying>) =>
  aotKernel(options, function add_bias(x: Tensor) {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(bias.at(t)))
    return out
  })

const inputs = () => [[randn([96])], [randn([512])]] as [Tensor][]

/** Each call is followed by one of the inputs. */
async function expectRight(kernel: Copying): Promise<void> {
  for (let call = 0; call < 4; call++) {
    expect([...(await kernel(tensor([1, 2, 3])).data())]).toEqual([1, 3, 5])
  }
}

it('are collected along', async () => {
  const folder = temporaryFolder()
  await expectRight(addBias({ ...inPhase('collect', folder), collectFn: inputs }))
  expect(eventsIn(folder, 'tuned').map(({ shape_features }) => shape_features.arg0_dim0)).toEqual([96, 512])
})

it('are measured along', async () => {
  const folder = temporaryFolder()
  const configs = [{ num_warps: 1 }, { num_warps: 2 }]
  await expectRight(addBias({ ...inPhase('measure', folder), configs, measureFn: inputs }))
  const measured = cellsIn(folder)
  expect(new Set(measured.map(({ shape_features }) => shape_features.arg0_dim0))).toEqual(new Set([96, 512]))
  expect(measured.every(({ timing_ms }) => Number(timing_ms) > 0)).toBe(true)
})
