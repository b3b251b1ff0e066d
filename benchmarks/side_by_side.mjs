/**
 * This package beside other WebGPU libraries, all rows in one run: operations of a harness for such comparisons (its
 * `lib` and `peers` are used, `npm install` was run in it), and those of side_by_side_ops.mjs. Each library runs in a
 * process of its own; every answer is checked against float64 before it is timed. Prints microseconds of GPU time a call.
 * Usage: node benchmarks/side_by_side.mjs --harness <folder> [--peers ours,tfjs,ortweb,ortnode] [--ops matmul,attention]
 *        [--sizes full|small] [--dtypes f32,f16] [--seconds 60] [--target 20] [--tune 8] [--json out.json]
 * `--seconds` is the time of a library, after which its other rows are left out; `--tune` tunes each of our rows for so
 * many seconds instead of using modules. Needs a built package.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { EXTRA_OPS } from './side_by_side_ops.mjs'

const REPEATS = 3
/** Clocks fall while answers are checked, and take this long to rise again. */
const LOAD_MS = 500
/** Elements that are compared. */
const CHECKED = 48

const HERE = fileURLToPath(import.meta.url)
const { values: flags } = parseArgs({
  options: {
    harness: { type: 'string' },
    peers: { type: 'string', default: 'ours,tfjs,ortweb,ortnode' },
    ops: { type: 'string' },
    sizes: { type: 'string', default: 'full' },
    dtypes: { type: 'string', default: 'f32,f16' },
    seconds: { type: 'string', default: '60' },
    target: { type: 'string', default: '20' },
    tune: { type: 'string' },
    json: { type: 'string' },
    /** Of a child: its library, and the file for its rows. */
    peer: { type: 'string' },
    rows: { type: 'string' },
  },
})
if (!flags.harness) throw new Error('name the folder of the harness: --harness <folder>')
const HARNESS = pathToFileURL(`${resolve(flags.harness)}/`).href
// One copy of Dawn for all, which the harness adds timestamps to.
process.env.WEBGPU_DIR ??= fileURLToPath(new URL('../node_modules/webgpu', import.meta.url))

async function parent() {
  const folder = mkdtempSync(join(tmpdir(), 'side_by_side_'))
  const found = {}
  for (const peer of flags.peers.split(',')) {
    const file = join(folder, `${peer}.json`)
    const begin = performance.now()
    await run([...process.argv.slice(2), '--peer', peer, '--rows', file])
    try {
      found[peer] = JSON.parse(readFileSync(file, 'utf8'))
    } catch {
      found[peer] = { version: 'did not start', rows: [] }
    }
    const { rows, version } = found[peer]
    const seconds = ((performance.now() - begin) / 1000).toFixed(0)
    console.log(`${version}: ${rows.filter(({ us }) => us).length} of ${rows.length} rows in ${seconds} s`)
    for (const { op, dtype, shape, problem } of rows)
      if (problem) console.log(`  ${op} ${dtype} ${shape}: ${problem}`)
    if (flags.json) writeFileSync(flags.json, JSON.stringify(found, null, 1))
  }
  print(found)
}

/** A child that hangs is ended a minute after its time. */
function run(args) {
  return new Promise((done) => {
    const process_ = spawn(process.execPath, [HERE, ...args], { stdio: ['ignore', 'ignore', 'ignore'] })
    const timer = setTimeout(() => process_.kill('SIGKILL'), (Number(flags.seconds) + 60) * 1000)
    process_.on('close', () => {
      clearTimeout(timer)
      done()
    })
  })
}

function print(found) {
  const peers = Object.keys(found)
  const others = peers.filter((peer) => peer !== 'ours')
  const rows = new Map()
  for (const peer of peers)
    for (const { op, dtype, shape, us } of found[peer].rows) {
      const key = `${op} | ${dtype} | ${shape}`
      rows.set(key, { ...rows.get(key), [peer]: us })
    }
  console.log(`\n| op | dtype | shape | ${peers.join(' | ')} | best other ÷ ours |`)
  console.log(`|---|---|---|${'---:|'.repeat(peers.length + 1)}`)
  const ratios = []
  for (const [key, times] of rows) {
    const best = Math.min(...others.map((peer) => times[peer] ?? Number.POSITIVE_INFINITY))
    const ratio = best / times.ours
    if (Number.isFinite(ratio)) ratios.push(ratio)
    const cells = peers.map((peer) => (times[peer] ? times[peer].toPrecision(3) : ''))
    console.log(`| ${key} | ${cells.join(' | ')} | ${Number.isFinite(ratio) ? ratio.toFixed(2) : ''} |`)
  }
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
  const losses = ratios.filter((ratio) => ratio < 1).length
  console.log(
    `\n${ratios.length} rows with another library, ${losses} losses, geometric mean ${mean.toFixed(2)}`,
  )
}

/** The rows of one library, written after each. */
async function child(name) {
  const load = async (path) => await import(new URL(path, HARNESS).href)
  const [gpu, util, onnx] = [
    await load('lib/gpu.mjs'),
    await load('lib/util.mjs'),
    await load('lib/onnx.mjs'),
  ]
  if (name !== 'ortnode') await gpu.installGPU()
  const module = await (name === 'ours' ? import('./peer.mjs') : load(`peers/${name}.mjs`))
  const peer = await module.create({ arg: flags })
  const end = performance.now() + Number(flags.seconds) * 1000
  const out = { version: peer.version, rows: [] }
  const context = { name, gpu, util, onnx, peer }
  for (const { op, dtype, shape } of rowsOf(util)) {
    if (!module.dtypes.includes(dtype) || peer.supports?.(op, dtype) === false) continue
    const make = maker(context, op)
    if (!make) continue
    const row = { op, dtype, shape: shape.join('x') }
    if (performance.now() > end) row.problem = 'no time left'
    else
      try {
        Object.assign(row, await measure(context, { op, dtype, shape, make }))
      } catch (error) {
        row.problem = String(error?.message ?? error).slice(0, 300)
      }
    out.rows.push(row)
    writeFileSync(flags.rows, JSON.stringify(out))
  }
}

function rowsOf({ SHAPES, OPS }) {
  const all = [...Object.keys(EXTRA_OPS), ...OPS]
  const wanted = flags.ops?.split(',') ?? all
  return wanted.flatMap((op) =>
    flags.dtypes.split(',').flatMap((dtype) => {
      const extra = EXTRA_OPS[op]
      if (extra && !extra.dtypes.includes(dtype)) return []
      return (extra ?? SHAPES[flags.sizes])[extra ? flags.sizes : op].map((shape) => ({ op, dtype, shape }))
    }),
  )
}

/** How a library makes a call of an operation; undefined where it cannot. */
function maker({ name, peer, ...context }, op) {
  const extra = EXTRA_OPS[op]
  if (!extra || name === 'ours') return (shape, dtype, host) => peer.prepare(op, shape, dtype, host)
  if (name === 'ortweb') return (shape, dtype, host) => webSession(context, extra, { shape, dtype, host })
  if (name === 'tfjs' && extra.tf) return (shape, _dtype, host) => tensorflow(extra, shape, host)
  return undefined
}

async function measure({ name, gpu, util }, { op, dtype, shape, make }) {
  const extra = EXTRA_OPS[op]
  const noise = (size, seed) => util.hostData(size, seed)
  const host = extra ? extra.host(shape, noise) : util.hostInputs(op, shape)
  const call = await make(shape, dtype, host)
  try {
    const got = await call.read()
    const problem = extra
      ? extraProblem({ name, util, extra }, { shape, dtype, host, got })
      : harnessProblem(util.check(op, shape, host, got, dtype))
    if (problem) return { problem }
    return { us: await timeOf(call, gpu), chosen: call.chosen }
  } finally {
    await call.dispose()
  }
}

const harnessProblem = ({ ok, ...about }) => (ok ? undefined : `WRONG ${JSON.stringify(about)}`)

/** Elements from everywhere, relative to the magnitude of all of them. */
function extraProblem({ name, util, extra }, { shape, dtype, host, got }) {
  const given =
    dtype === 'f16'
      ? Object.fromEntries(
          Object.entries(host).map(([key, data]) => [
            key,
            data instanceof Float32Array ? util.roundHalf(data) : data,
          ]),
        )
      : host
  const positions = Array.from({ length: CHECKED }, (_, i) => (i * 15485863) % extra.size(shape))
  const wanted = positions.map((i) => extra.element(shape, given, i))
  const magnitude = Math.sqrt(wanted.reduce((sum, value) => sum + value ** 2, 0) / CHECKED)
  const tolerance = Math.max(extra.tolerance ?? 0, dtype === 'f16' ? 0.02 : 1e-3)
  for (const [at, i] of positions.entries()) {
    const value = got[name === 'ortweb' ? extra.place(shape, i) : i]
    if (!(Math.abs(value - wanted[at]) <= tolerance * (magnitude + Math.abs(wanted[at]))))
      return `WRONG: element ${i} is ${value} instead of ${wanted[at]}`
  }
  return undefined
}

/** Median microseconds of GPU time of a call, warm, each call in a pass of its own. */
async function timeOf(call, { recStart, recStop }) {
  if (call.ownGpuTime) return (await call.ownGpuTime(30)).gpu_us
  await call.run()
  await call.sync()
  let calls = 1
  for (const begin = performance.now(); performance.now() - begin < LOAD_MS; ) {
    const before = performance.now()
    for (let i = 0; i < calls; i++) await call.run()
    await call.sync()
    const each = (performance.now() - before) / calls
    calls = Math.max(1, Math.min(400, Math.round(Number(flags.target) / Math.max(each, 1e-3))))
  }
  const times = []
  call.recMode?.(true)
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    recStart()
    for (let i = 0; i < calls; i++) await call.run()
    await call.sync()
    const { timed, overflow, sum_us, span_us } = await recStop()
    if (timed && !overflow) times.push(Math.min(sum_us, span_us) / calls)
    // More passes than there are timestamps for.
    else calls = Math.max(1, Math.floor(calls / 4))
  }
  call.recMode?.(false)
  if (times.length === 0) throw new Error('no pass was timed')
  return times.sort((a, b) => a - b)[times.length >> 1]
}

/** A session of onnxruntime-web with inputs on the GPU. */
async function webSession({ util, onnx }, extra, { shape, dtype, host }) {
  const bundle = 'node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs'
  const ort = await import(new URL(bundle, HARNESS).href)
  const { feeds: wanted, graph } = extra.onnx(shape, dtype, host, util.toHalfArray)
  const options = {
    executionProviders: ['webgpu'],
    preferredOutputLocation: 'gpu-buffer',
    logSeverityLevel: 3,
  }
  const session = await ort.InferenceSession.create(onnx.model(graph), options)
  const device = await ort.env.webgpu.device
  const buffers = []
  const feeds = Object.fromEntries(
    Object.entries(wanted).map(([name, { dims, data }]) => {
      const given = dtype === 'f16' ? util.toHalfArray(data) : data
      const bytes = new Uint8Array(Math.ceil(given.byteLength / 16) * 16)
      bytes.set(new Uint8Array(given.buffer, given.byteOffset, given.byteLength))
      const { STORAGE, COPY_DST, COPY_SRC } = GPUBufferUsage
      const buffer = device.createBuffer({ size: bytes.length, usage: STORAGE | COPY_DST | COPY_SRC })
      device.queue.writeBuffer(buffer, 0, bytes)
      buffers.push(buffer)
      const dataType = dtype === 'f16' ? 'float16' : 'float32'
      return [name, ort.Tensor.fromGpuBuffer(buffer, { dataType, dims })]
    }),
  )
  return {
    async run() {
      const { o } = await session.run(feeds)
      o.dispose()
    },
    sync: () => device.queue.onSubmittedWorkDone(),
    async read() {
      const { o } = await session.run(feeds)
      const data = await o.getData()
      o.dispose()
      return data instanceof Uint16Array ? util.halfToFloat(data) : Float32Array.from(data)
    },
    async dispose() {
      await session.release()
      for (const buffer of buffers) buffer.destroy()
    },
  }
}

function tensorflow(extra, shape, host) {
  const tf = createRequire(new URL('package.json', HARNESS))('@tensorflow/tfjs-core')
  const shapes = extra.shapesForTf(shape)
  const tensors = Object.fromEntries(
    Object.entries(shapes).map(([name, size]) => [name, tf.tensor(host[name], size, 'float32')]),
  )
  const backend = tf.backend()
  const flush = () => {
    backend.ensureCommandEncoderReady()
    backend.endComputePassEncoder()
    backend.submitQueue()
  }
  return {
    recMode(on) {
      flush()
      tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', on ? 1 : 15)
    },
    run: () => extra.tf(tf, tensors, shape).dispose(),
    async sync() {
      flush()
      await backend.device.queue.onSubmittedWorkDone()
    },
    async read() {
      const result = extra.tf(tf, tensors, shape)
      const data = await result.data()
      result.dispose()
      return data
    },
    dispose() {
      for (const tensor of Object.values(tensors)) tensor.dispose()
    },
  }
}

if (flags.peer) await child(flags.peer)
else await parent()
process.exit(0)
