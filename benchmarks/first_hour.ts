/**
 * What a first tuning costs and how good its result is: tunes a kernel on four shapes with `--effort quick`,
 * as a new user does, and prints the seconds of each phase; then times, in turns, what each of several
 * packages chose (two versions of this one, for instance) and the default config.
 * Usage: npx tsx benchmarks/first_hour.ts [softmax|vector_add|layer_norm|matmul] [package …]
 * The adapter is chosen as always, by HELION_ADAPTER.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { doBenchTogether, getDevice, hl, kernel, randn, type Tensor } from '../src/index.ts'
import { runModule } from '../test/aot/evaluate/run_module.ts'

interface Subject {
  readonly shapes: readonly (readonly number[])[]
  /** Parameters and body, the same text for the users' file and for the comparison. */
  readonly parameters: string
  readonly body: string
  /** Makes the arguments of a shape. */
  readonly args: string
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  softmax: {
    shapes: [[64], [256], [1000], [4096]],
    parameters: 'x',
    body: `const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) {
    const v = x.at(row, ':')
    const e = v.sub(v.amax(-1, { keepdim: true })).exp()
    out.at(row, ':').set(e.div(e.sum(-1, { keepdim: true })))
  }
  return out`,
    args: '([n]) => [randn([256, n])]',
  },
  vector_add: {
    shapes: [[3], [1024], [65_536], [1_000_000]],
    parameters: 'x, y',
    body: `const out = hl.emptyLike(x)
  for (const tile of hl.tile(x.shape[0])) out.at(tile).set(x.at(tile).add(y.at(tile)))
  return out`,
    args: '([n]) => [randn([n]), randn([n])]',
  },
  layer_norm: {
    shapes: [
      [512, 64],
      [256, 256],
      [64, 2048],
      [333, 777],
    ],
    parameters: 'x, weight, bias, eps',
    body: `const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) {
    const v = x.at(row, ':').to('f32')
    const centred = v.sub(v.mean(-1, { keepdim: true }))
    const scale = centred.square().mean(-1, { keepdim: true }).add(eps).rsqrt()
    out.at(row, ':').set(centred.mul(scale).mul(weight.at(':')).add(bias.at(':')))
  }
  return out`,
    args: '([m, n]) => [randn([m, n]), randn([n]), randn([n]), 1e-5]',
  },
  matmul: {
    shapes: [
      [64, 64, 64],
      [256, 128, 64],
      [1, 512, 512],
      [100, 60, 200],
    ],
    parameters: 'x, y',
    body: `const [m, k] = x.shape
  const [k2, n] = y.shape
  hl.requireEqual(k, k2)
  const out = hl.empty([m, n], x.dtype)
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), y.at(tk, tn))
    out.at(tm, tn).set(acc)
  }
  return out`,
    args: '([m, k, n]) => [randn([m, k]), randn([k, n])]',
  },
}

const [name = 'softmax', ...folders] = process.argv.slice(2)
const subject = SUBJECTS[name] ?? fail(`known are ${Object.keys(SUBJECTS).join(', ')}`)
const packages = folders.length > 0 ? folders : [fileURLToPath(new URL('..', import.meta.url))]
const modules: { readonly label: string; readonly text: string }[] = []
for (const folder of packages)
  modules.push({ label: `module of ${folder}`, text: await tuned(resolve(folder)) })
await compare()
process.exit(0)

/** Tunes with the package in `folder`; the module that was written. */
async function tuned(folder: string): Promise<string> {
  const project = mkdtempSync(join(tmpdir(), 'first-hour-'))
  try {
    writeProject(project, folder)
    const command = 'node node_modules/helion-aot/bin/helion-aot.js --effort quick -- node bench.js'
    const job = `${command}; code=$?; times; exit $code`
    const child = execa('bash', ['-c', job], { cwd: project, reject: false, buffer: true, all: true })
    const seconds = new Map<string, number>()
    let [phase, begin] = ['start', performance.now()]
    const change = (next: string): void => {
      seconds.set(phase, (seconds.get(phase) ?? 0) + (performance.now() - begin) / 1000)
      ;[phase, begin] = [next, performance.now()]
    }
    for await (const line of child.iterable({ from: 'all' })) {
      const [, next] = /^helion-aot: (collect|measure|build|evaluate)$/.exec(line) ?? []
      if (next) change(next)
    }
    change('end')
    const { all, exitCode } = await child
    const [file] = readdirSync(project).filter((entry) => entry.startsWith('_helion_aot_'))
    if (!file) throw new Error(`no module was written, exit code ${exitCode}:\n${all}`)
    const total = [...seconds.values()].reduce((a, b) => a + b, 0)
    const parts = [...seconds].map(([key, value]) => `${key} ${value.toFixed(1)}`).join(', ')
    const processor = all.trim().split('\n').at(-1)
    console.log(`${folder}: ${total.toFixed(1)} s (${parts}); processor ${processor}; exit ${exitCode}`)
    return readFileSync(join(project, file), 'utf8')
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
}

function writeProject(project: string, folder: string): void {
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(folder, join(project, 'node_modules', 'helion-aot'))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  const { shapes, parameters, body, args } = subject
  writeFileSync(
    join(project, 'kernel.js'),
    `import { aotKernel, hl } from 'helion-aot'
export const ${name} = aotKernel({ source: import.meta.url }, function ${name}(${parameters}) {
  ${body}
})
`,
  )
  writeFileSync(
    join(project, 'bench.js'),
    `import { randn } from 'helion-aot'
import { ${name} } from './kernel.js'
const args = ${args}
for (const shape of ${JSON.stringify(shapes)}) await ${name}(...args(shape)).data()
`,
  )
}

/** Times what every module chose for each shape, and the default, in turns. */
async function compare(): Promise<void> {
  const { shapes, parameters, body, args } = subject
  const { info } = await getDevice()
  const fn = new Function('hl', `return function ${name}(${parameters}) { ${body} }`)(hl) as () => Tensor
  const makeArgs = new Function('randn', `return ${args}`)(randn) as (shape: readonly number[]) => Tensor[]
  const subjectKernel = kernel({ staticShapes: false }, fn as (...values: never[]) => Tensor)
  const logs = modules.map(() => 0)
  console.log(`${name} on ${info.description || info.device}: milliseconds, and times the best`)
  for (const shape of shapes) {
    const values = makeArgs(shape)
    const binding = subjectKernel.bind(...(values as never[]))
    const plain = values.map((value) => (typeof value === 'number' ? value : pick(value)))
    const configs = modules.map(({ text, label }) => runModule(text, name, label).autotune(...plain))
    const runs = [...configs, binding.defaultConfig()].map((config) => binding.compileConfig(config as never))
    const timings = await doBenchTogether(
      runs.map((run) => () => run(...(values as never[]))),
      {
        targetMs: 400,
        maxSamples: 400,
      },
    )
    const best = Math.min(...timings.map(({ medianMs }) => medianMs))
    const cells = timings.map(({ medianMs }) => `${medianMs.toFixed(4)} ${(medianMs / best).toFixed(2)}x`)
    for (const index of logs.keys())
      logs[index] = (logs[index] ?? 0) + Math.log((timings[index]?.medianMs ?? Number.NaN) / best)
    console.log([shape.join('x').padEnd(12), ...cells].map((cell) => cell.padStart(16)).join(''))
  }
  const means = logs.map((sum) => `${Math.exp(sum / shapes.length).toFixed(3)}x`)
  console.log(['geomean'.padEnd(12), ...means, 'default'].map((cell) => cell.padStart(16)).join(''))
}

function pick({ shape, dtype }: Tensor): Pick<Tensor, 'shape' | 'dtype'> {
  return { shape, dtype }
}

function fail(remedy: string): never {
  throw new Error(`there is no kernel ${name}: ${remedy}`)
}
