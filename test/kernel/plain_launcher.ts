/**
 * Launches kernels from their data with nothing but WebGPU: what somebody would write who ships programs
 * without this package.
 */
import type { KernelProgram, ProgramWord, SizeData } from '../../src/kernel/kernel_program.ts'

/** GPUBufferUsage, as WebGPU numbers them: Node has no globals for them. */
const USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128 } as const

const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  floordiv: (a, b) => Math.floor(a / b),
  cdiv: (a, b) => Math.ceil(a / b),
  mod: (a, b) => a % b,
  min: Math.min,
  max: Math.max,
  next_power_of_2: (a) => 2 ** Math.ceil(Math.log2(Math.max(1, a))),
}

/** f32 tensors only; `inputs` are the arguments in order. Gives the elements of all local tensors. */
export async function launchPlainly(
  gpu: GPUDevice,
  program: KernelProgram,
  inputs: readonly { readonly shape: readonly number[]; readonly data: readonly number[] }[],
  scalars: readonly number[],
): Promise<readonly (readonly number[])[]> {
  const sizeOf = (size: SizeData): number => {
    if (typeof size === 'number') return size
    if ('tensor' in size) return inputs[size.tensor]?.shape[size.axis] ?? 0
    return OPERATIONS[size.op]?.(sizeOf(size.args[0]), sizeOf(size.args[1])) ?? 0
  }
  const buffer = (bytes: number, data?: readonly number[]): GPUBuffer => {
    const usage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST
    const made = gpu.createBuffer({ size: 16 * Math.max(1, Math.ceil(bytes / 16)), usage })
    if (data) gpu.queue.writeBuffer(made, 0, Float32Array.from(data))
    return made
  }
  const tensors = program.tensors.map(({ shape, fill }, place) => {
    const count = shape.map(sizeOf).reduce((a, b) => a * b, 1)
    const filled = fill === undefined ? undefined : new Array<number>(count).fill(fill)
    return { count, buffer: buffer(4 * count, inputs[place]?.data ?? filled) }
  })
  const scratch = program.scratch.map(({ bytes }) => buffer(sizeOf(bytes)))
  const encoder = gpu.createCommandEncoder()
  for (const { wgsl, bindings, words, wordsIn, workgroups } of program.dispatches) {
    const module = gpu.createShaderModule({ code: wgsl })
    const pipeline = gpu.createComputePipeline({ layout: 'auto', compute: { module } })
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    const entries = bindings.map((binding, i) => {
      const bound = 'tensor' in binding ? tensors[binding.tensor]?.buffer : scratch[binding.scratch]
      return { binding: i, resource: { buffer: bound as GPUBuffer } }
    })
    const values = wordsOf(words, sizeOf, scalars)
    if (wordsIn === 'immediate' && words.length > 0) pass.setImmediates(0, values)
    if (wordsIn === 'uniform' && words.length > 0) {
      const size = Math.ceil(words.length / 4) * 16
      const uniform = gpu.createBuffer({ size, usage: USAGE.UNIFORM | USAGE.COPY_DST })
      gpu.queue.writeBuffer(uniform, 0, values)
      entries.push({ binding: bindings.length, resource: { buffer: uniform } })
    }
    pass.setBindGroup(0, gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }))
    const counts = 'linear' in workgroups ? [workgroups.linear] : workgroups.xyz
    const [x = 1, y = 1, z = 1] = counts.map(sizeOf)
    pass.dispatchWorkgroups(x, y, z)
    pass.end()
  }
  gpu.queue.submit([encoder.finish()])
  const locals = tensors.filter((_, place) => program.tensors[place]?.role === 'local')
  return await Promise.all(locals.map(({ count, buffer: from }) => read(gpu, from, count)))
}

function wordsOf(
  words: readonly ProgramWord[],
  sizeOf: (size: SizeData) => number,
  scalars: readonly number[],
): Uint32Array<ArrayBuffer> {
  const values = new Uint32Array(words.length)
  const floats = new Float32Array(values.buffer)
  words.forEach((word, i) => {
    if ('size' in word) values[i] = sizeOf(word.size)
    else if (word.dtype === 'f32') floats[i] = scalars[word.scalar] ?? 0
    else values[i] = scalars[word.scalar] ?? 0
  })
  return values
}

async function read(gpu: GPUDevice, from: GPUBuffer, count: number): Promise<readonly number[]> {
  const size = Math.max(16, 4 * count)
  const copy = gpu.createBuffer({ size, usage: USAGE.MAP_READ | USAGE.COPY_DST })
  const encoder = gpu.createCommandEncoder()
  encoder.copyBufferToBuffer(from, 0, copy, 0, size)
  gpu.queue.submit([encoder.finish()])
  await copy.mapAsync(1)
  return [...new Float32Array(copy.getMappedRange())].slice(0, count)
}
