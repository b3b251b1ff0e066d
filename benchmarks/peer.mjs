/**
 * This package as one of several libraries in a side-by-side benchmark: the pretuned kernels behind the interface that
 * such a harness asks for. `create()` resolves to `{version, device, prepare(op, shape, dtype, hostInputs)}`, and that to
 * `{run, sync, read, recMode, dispose}`: `run` enqueues one call on data that is on the GPU, `read` returns the output.
 */
import { readFileSync } from 'node:fs'
import { register } from 'tsx/esm/api'

export const name = 'helion-aot'
export const dtypes = ['f32', 'f16']

const EPS = 1e-5

/** Kernel file, and arguments from the harness's host inputs; matmul shapes come as m, n, k. */
const OPS = {
  vector_add: { kernel: 'vector_add', shapes: (s) => ({ a: s, b: s }), args: (t) => [t.a, t.b] },
  softmax: { kernel: 'softmax', shapes: (s) => ({ x: s }), args: (t) => [t.x] },
  layer_norm: {
    kernel: 'layer_norm',
    shapes: (s) => ({ x: s, g: [s[1]], b: [s[1]] }),
    args: (t) => [t.x, t.g, t.b, EPS],
  },
  matmul: {
    kernel: 'matmul',
    shapes: ([m, n, k]) => ({ a: [m, k], b: [k, n] }),
    args: (t) => [t.a, t.b],
  },
}

export async function create() {
  register()
  const api = await import('helion-aot')
  const device = await api.getDevice()
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return {
    version: `helion-aot ${version}`,
    device: device.gpu,
    notes: { all: 'pretuned kernels; configs chosen by their generated modules' },
    supports: (op, dtype) => op in OPS && (dtype !== 'f16' || device.limits.shaderF16),
    prepare: (op, shape, dtype, hostInputs) => prepare(api, device, op, shape, dtype, hostInputs),
  }
}

async function prepare(api, device, op, shape, dtype, hostInputs) {
  const { kernel: file, shapes, args } = OPS[op]
  const module = await import(`../pretuned_kernels/${file}/${file}.ts`)
  const kernel = module[file]
  const sizes = shapes(shape)
  const tensors = Object.fromEntries(
    Object.entries(sizes).map(([key, size]) => [key, api.tensor(hostInputs[key], { shape: size, dtype })]),
  )
  const given = args(tensors)
  let passPerCall = false
  kernel(...given).dispose()
  await api.sync()
  return {
    run() {
      kernel(...given).dispose()
      if (passPerCall) device.recorder.flush()
    },
    recMode(on) {
      passPerCall = on
    },
    async sync() {
      await api.sync()
    },
    async read() {
      const result = kernel(...given)
      const values = await result.data()
      result.dispose()
      return values
    },
    dispose() {
      for (const tensor of Object.values(tensors)) tensor.dispose()
    },
  }
}
