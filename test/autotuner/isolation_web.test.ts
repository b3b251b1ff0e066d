/**
 * Configs that crash, hang or lie in a Web Worker, in a real browser: each costs itself and nothing else.
 */
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PACKAGE } from '../built_package.ts'
import { type BrowserPage, Chromium } from '../chromium.ts'
import type { Tried } from './children/isolated_page.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PACKED = fileURLToPath(PACKAGE)
/** What dist/ leaves to whoever bundles it, as far as pages reach it. */
const OUTSIDE = [
  '@noble/hashes/sha2.js',
  '@noble/hashes/utils.js',
  'pure-rand/distribution/uniformFloat64',
  'pure-rand/distribution/uniformInt',
  'pure-rand/generator/xoroshiro128plus',
]

let chromium: Chromium
let page: BrowserPage
let worker = ''

beforeAll(async () => {
  const [program, script, classic, modules] = await Promise.all([
    bundled(child('isolated_page')),
    bundled(child('faulty_web_worker')),
    bundled(PACKED, { globalName: 'helion' }),
    bundled(PACKED, { format: 'esm' }),
  ])
  worker = script
  const imports = Object.fromEntries(OUTSIDE.map((name) => [name, addressOf(name)]))
  const map = JSON.stringify({ imports: { ...imports, 'helion-aot': '/dist/index.js' } })
  const files = {
    '/': { body: '<script src="page.js"></script>' },
    '/page.js': { body: program },
    '/classic': { body: '<script src="classic.js"></script>' },
    '/strict': {
      body: '<script src="classic.js"></script>',
      headers: { 'content-security-policy': "worker-src 'self'" },
    },
    '/classic.js': { body: classic },
    '/modules': { body: importing('/modules.js') },
    '/modules.js': { body: modules },
    '/plain': { body: `<script type="importmap">${map}</script>${importing('helion-aot')}` },
  }
  chromium = await Chromium.open(files, ROOT)
  page = await chromium.page('/')
})
afterAll(() => chromium.close())

const child = (name: string) => join(import.meta.dirname, 'children', `${name}.ts`)

/** Has a page import the package as modules do. */
const importing = (name: string) =>
  `<script type="module">import * as helion from "${name}"; globalThis.helion = helion</script>`

/** Where the server has the file of a package. */
const addressOf = (name: string) => `/${relative(ROOT, fileURLToPath(import.meta.resolve(name)))}`

async function bundled(entry: string, options: BuildOptions = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    define: { 'import.meta.url': '""' },
    logLevel: 'error',
    ...options,
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

/** Fault, what becomes of the config and why, how many workers it takes at most. */
const FAULTS: Readonly<Record<string, readonly [status: string, reason: RegExp, workers: number]>> = {
  none: ['ok', /^$/, 1],
  exit: ['timeout', /^the worker of trials gave no sign of life for 2.5 s$/, 2],
  stuck: ['timeout', /^the worker of trials gave no sign of life for 2.5 s$/, 2],
  thrown: ['error', /^the worker of trials ended \(Uncaught Error: a bug of the driver\)$/, 2],
  lost: ['error', /^The GPU device .* is lost/, 2],
  compile: ['timeout', /^compiling double took longer than 1500 ms$/, 3],
  memory: ['error', /^No GPU memory for 1024 bytes more$/, 1],
  invalid: ['error', /^The WGSL of kernel 'double' was refused/, 1],
  unbound: ['error', /70000/, 1],
  noise: ['error', /^the worker of trials answered with something that is no answer$/, 2],
  negative: ['error', /^the worker of trials answered with something that is no answer$/, 2],
  nameless: ['error', /^the worker of trials answered with something that is no answer$/, 2],
}

describe.each(Object.entries(FAULTS))('a config with the fault %s', (fault, [status, reason, workers]) => {
  it('costs itself and nothing else', async () => {
    const script = JSON.stringify(`const TRIAL_FAULT = '${fault}';${worker}`)
    const tried = (await page.evaluate(`tryConfigs(${script}, '${fault}')`)) as Tried
    expect(tried.statuses).toEqual(['ok', status, 'ok', 'ok'])
    expect(tried.reason).toMatch(reason)
    expect(tried.unchanged).toBe(true)
    expect(tried.started).toBeLessThanOrEqual(workers)
    expect(tried.started).toBeGreaterThanOrEqual(Math.min(2, workers))
  })
})

interface Tuned {
  readonly values: readonly number[]
  readonly workers: number
  readonly warnings: readonly string[]
}

/** Has a page of the built package tune a kernel, after it has run `before`. */
async function tune(path: string, before = '', settings = ''): Promise<Tuned> {
  const { evaluate } = await chromium.page(path)
  return (await evaluate(`(async () => {
    let workers = 0
    const warnings = []
    console.warn = (text) => warnings.push(text)
    globalThis.Worker = class extends Worker { constructor(...all) { super(...all); workers++ } }
    ${before}
    const { hl, kernel, tensor } = helion
    const configs = [{ num_warps: 1 }, { num_warps: 2 }]
    const twice = kernel({ name: 'twice', configs, ${settings} }, (x) => {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(2))
      return out
    })
    const x = Float32Array.from({ length: 500 }, (_, i) => i)
    const values = [...(await twice(tensor(x)).data())].slice(0, 4)
    return { values, workers, warnings }
  })()`)) as Tuned
}

describe('the built package', () => {
  it.each(['/classic', '/modules', '/plain'])('brings its worker along in the page %s', async (path) => {
    expect(await tune(path)).toEqual({ values: [0, 2, 4, 6], workers: 1, warnings: [] })
  })

  it('starts none when the setting says so', async () => {
    const settings = 'autotuneBenchmarkSubprocess: false'
    expect(await tune('/classic', '', settings)).toEqual({ values: [0, 2, 4, 6], workers: 0, warnings: [] })
  })
})

describe('where no worker can try configs the page does, and says why in a line', () => {
  const noGpu = `
    globalThis.Blob = class extends Blob {
      constructor(parts, options) {
        const isScript = options?.type === 'text/javascript'
        super(isScript ? ['delete Object.getPrototypeOf(navigator).gpu;', ...parts] : parts, options)
      }
    }`
  it.each([
    ['workers have no WebGPU', '/classic', noGpu, /workers of this browser have no WebGPU/],
    ['there are none', '/classic', 'delete globalThis.Worker', /there are no Web Workers here/],
    ['the page forbids it', '/strict', '', /a Content-Security-Policy has to allow worker-src blob:/],
  ])('%s', async (_why, path, before, reason) => {
    const { values, warnings } = await tune(path, before)
    expect(values).toEqual([0, 2, 4, 6])
    expect(warnings).toEqual([expect.stringMatching(reason)])
    expect(warnings[0]).toMatch(
      /^helion-aot: configs are tried in the page itself, because no worker can: .*$/,
    )
    expect(warnings[0]).toMatch(/; one that does not end stops the search\. .*autotuneBenchmarkSubprocess/)
    expect(warnings[0]).not.toMatch(/HELION_|process of/)
  })
})

describe('a shader that does not end', () => {
  it('costs its config and what the page has on the GPU, when the browser stops it', async () => {
    const { evaluate } = await chromium.page('/')
    const replaced = evaluate(`new Promise((resolve) => {
      let workers = 0
      globalThis.Worker = class extends Worker {
        constructor(...all) {
          super(...all)
          if (++workers === 2) resolve()
        }
      }
    })`)
    const script = JSON.stringify(`const TRIAL_FAULT = 'hang';${worker}`)
    const work = evaluate(`tryConfigs(${script}, 'hang')`)
    await replaced
    // Those that watch their GPU do so by themselves after a while; without a real GPU nobody watches it.
    await chromium.stopGpu()
    const { statuses, reason, unchanged } = (await work) as Tried
    expect(statuses).toEqual(['ok', 'timeout', 'ok', 'ok'])
    expect(reason).toMatch(/^running double took longer than 1000 ms$/)
    expect(unchanged).toBe(false)
  })
})
