/**
 * This package as one of several libraries in a side-by-side benchmark: the pretuned kernels, and examples that
 * are tuned on the spot, behind the interface that such a harness asks for. `create()` resolves to
 * `{version, device, prepare(op, shape, dtype, hostInputs)}`, and that to `{run, sync, read, recMode, dispose}`: `run`
 * enqueues one call on data that is on the GPU, `read` returns the output.
 */
import { readFileSync } from 'node:fs'
import { register } from 'tsx/esm/api'

export const name = 'helion-aot'
export const dtypes = ['f32', 'f16']

const EPS = 1e-5
/** Of tuning for a row without a module. */
const TUNE_SECONDS = 2
const ROOT = new URL('..', import.meta.url)
const same = (value) => value

/** Where a kernel stands; pretuned ones choose by their modules. */
const pretuned = (kernel) => ({ file: `pretuned_kernels/${kernel}/${kernel}.ts`, kernel, isPretuned: true })
const example = (file, kernel) => ({ file: `examples/${file}.ts`, kernel, isPretuned: false })

const heads = ([h, s, d]) => ({ q: [h, s, d], k: [h, s, d], v: [h, s, d] })
const matrix = (shape) => ({ x: shape })

/** Kernel, and arguments from the harness's host inputs; matmul shapes come as m, n, k. */
const OPS = {
  vector_add: {
    ...pretuned('vector_add'),
    shapes: (s) => ({ a: s, b: s }),
    args: (t) => [t.a, t.b],
  },
  softmax: { ...pretuned('softmax'), shapes: matrix, args: (t) => [t.x] },
  layer_norm: {
    ...pretuned('layer_norm'),
    shapes: (s) => ({ x: s, g: [s[1]], b: [s[1]] }),
    args: (t) => [t.x, t.g, t.b, EPS],
  },
  rms_norm: {
    ...pretuned('rms_norm'),
    shapes: (s) => ({ x: s, g: [s[1]] }),
    args: (t) => [t.x, t.g, EPS],
  },
  sum: { ...example('long_sum', 'longSum'), shapes: matrix, args: (t) => [t.x] },
  matmul: {
    ...pretuned('matmul'),
    shapes: ([m, n, k]) => ({ a: [m, k], b: [k, n] }),
    args: (t) => [t.a, t.b],
  },
  linear: {
    ...pretuned('linear'),
    shapes: ([m, n, k]) => ({ x: [m, k], w: [n, k], bias: [n] }),
    args: (t) => [t.x, t.w, t.bias, same],
  },
  attention: {
    ...pretuned('attention'),
    shapes: heads,
    args: (t, [, , d]) => [t.q, t.k, t.v, d ** -0.5, false],
  },
  causal_attention: {
    ...pretuned('attention'),
    shapes: heads,
    args: (t, [, , d]) => [t.q, t.k, t.v, d ** -0.5, true],
  },
  decode_attention: {
    ...pretuned('decode_attention'),
    shapes: ([h, n, d]) => ({ q: [h, 1, d], k: [h, n, d], v: [h, n, d] }),
    args: (t, [, , d]) => [t.q, t.k, t.v, d ** -0.5],
  },
  int4_linear: {
    ...pretuned('int4_linear'),
    shapes: ([m, n, k, group]) => ({
      x: [m, k],
      codes: [n, k],
      scale: [n, k / group],
      zero: [n, k / group],
      bias: [n],
    }),
    args: (t, [, , , group]) => [t.x, t.codes, t.scale, t.zero, t.bias, group],
  },
  conv2d: {
    ...example('conv2d', 'conv2d'),
    shapes: ([n, size, c, k]) => ({ x: [n, size, size, c], w: [3, 3, c, k] }),
    args: (t) => [t.x, t.w, 1],
  },
  cumsum: { ...pretuned('cumsum'), shapes: matrix, args: (t) => [t.x] },
}

/** Host inputs that are numbers from 0 to 15. */
const U4 = ['codes', 'zero']

/** `arg.tune`: seconds of tuning for each row, also of kernels with modules. */
export async function create({ arg = {} } = {}) {
  const seconds = arg.tune === undefined ? undefined : Number(arg.tune)
  // Kernels read settings when they are defined.
  process.env.HELION_AUTOTUNE_BUDGET_SECONDS = String(seconds ?? TUNE_SECONDS)
  process.env.HELION_AUTOTUNE_EFFORT = 'quick'
  process.env.HELION_AUTOTUNE_LOG_LEVEL = 'warning'
  register()
  const api = await import('helion-aot')
  const device = await api.getDevice()
  const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))
  return {
    version: `helion-aot ${version}`,
    device: device.gpu,
    notes: { all: 'pretuned kernels by their modules; sum and conv2d are tuned here' },
    supports: (op, dtype) => op in OPS && (dtype !== 'f16' || device.limits.shaderF16),
    prepare: (op, shape, dtype, host) =>
      prepare(api, device, { op, shape, dtype, host, tunes: seconds !== undefined }),
  }
}

async function prepare(api, device, { op, shape, dtype, host, tunes }) {
  const { file, kernel: kernelName, isPretuned, shapes, args } = OPS[op]
  const kernel = (await import(new URL(file, ROOT).href))[kernelName]
  const tensors = Object.fromEntries(
    Object.entries(shapes(shape)).map(([key, size]) => [
      key,
      api.tensor(host[key], { shape: size, dtype: U4.includes(key) ? 'u4' : dtype }),
    ]),
  )
  const given = args(tensors, shape)
  const config = isPretuned && !tunes ? undefined : await kernel.autotune(given, {})
  const call = () => {
    const returned = kernel(...given)
    return returned.out ?? returned
  }
  const drop = () => {
    const returned = kernel(...given)
    for (const one of returned.out ? Object.values(returned) : [returned]) one.dispose()
  }
  let passPerCall = false
  drop()
  await api.sync()
  return {
    chosen: config?.toString(),
    run() {
      drop()
      if (passPerCall) device.recorder.flush()
    },
    recMode(on) {
      passPerCall = on
    },
    async sync() {
      await api.sync()
    },
    async read() {
      const result = call()
      const values = await result.data()
      result.dispose()
      return values
    },
    dispose() {
      for (const tensor of Object.values(tensors)) tensor.dispose()
    },
  }
}
