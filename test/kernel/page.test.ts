/** What the package says in a page: nothing of Node, environment variables or files, each at its level. */
import { join } from 'node:path'
import { runInContext } from 'node:vm'
import { beforeAll, describe, expect, it } from 'vitest'
import { chooseAdapter } from '../../src/runtime/adapter/adapter.ts'
import { bundleForPage, openPage, SCRIPT } from '../page.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const OF_NODE = /HELION_|node:|process|environment variable|GpuError/

let script = ''
let gpu: GPU | undefined

beforeAll(async () => {
  script = (await bundleForPage(ROOT)).script
  gpu = (await chooseAdapter()).gpu
})

interface Said {
  readonly level: string
  readonly text: string
}

/** Runs a program in a page: what it gave, or the text of its error, and what the console showed. */
async function inPage(program: string, globals: object = { navigator: { gpu } }) {
  const said: Said[] = []
  const at = (level: string) => (text: string) => void said.push({ level, text })
  const console = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const page = openPage(script, { console, ...globals })
  const body = `(async () => {
    const { aotKernel, empty, getDevice, hl, kernel, tensor } = helion
    const doubled = (x) => {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(2))
      return out
    }
    try { ${program} } catch (error) { return error.name + ': ' + error.message }
  })()`
  const given: unknown = await runInContext(body, page, { filename: 'https://example.org/app.js' })
  return { given: String(given), said }
}

describe('without an adapter', () => {
  const call = 'return await tensor([1, 2]).data()'

  it.each([
    ['a page that is not secure', { isSecureContext: false }, 'the page is not a secure context', 'HTTPS'],
    ['a browser without WebGPU', {}, 'this browser has no WebGPU', 'Use a current Chrome'],
    [
      'a browser without a GPU',
      { navigator: { gpu: { requestAdapter: async () => null } } },
      'no adapter',
      'hardware acceleration',
    ],
  ])('%s is told what is missing and what to do', async (_what, globals, missing, remedy) => {
    const { given } = await inPage(call, globals)
    const [what, why, where, way] = given.split('\n')
    expect(what).toBe('AdapterError: No WebGPU adapter was found:')
    expect(why).toBe(`  - navigator.gpu: ${missing}`)
    expect(where).toMatch(/^ {2}at https:\/\/example\.org\/app\.js:/)
    expect(way).toContain(remedy)
    expect(given).not.toMatch(OF_NODE)
  })
})

describe('a kernel without a module', () => {
  const run = (options: string) =>
    inPage(`return [...(await aotKernel(${options}, doubled)(tensor([1, 2, 3])).data())]`)
  const warningOf = async (options: string) => {
    const { given, said } = await run(options)
    expect(given).toBe('2,4,6')
    expect(said.map(({ level }) => level)).toEqual(['warn'])
    expect(said[0]?.text).not.toMatch(OF_NODE)
    return said[0]?.text.split('\n').slice(1)
  }
  const module = (kernel: string, device: string) =>
    `{ meta: { kernel: '${kernel}', device: '${device}' }, ` +
    `key_${kernel}: () => 0, autotune_${kernel}: () => ({}) }`
  const MAKE =
    '  Make one with `npx helion-aot` on a machine with this GPU; give it in code: heuristics: [module].'

  it('says how a page gets one', async () => {
    expect(await warningOf(`{ name: 'a' }`)).toEqual([MAKE])
  })

  it('says which GPUs those in code are for', async () => {
    const options = `{ name: 'a', heuristics: [${module('a', 'webgpu_x')}, ${module('a', 'webgpu_y')}] }`
    expect(await warningOf(options)).toEqual([
      '  The modules given in code are for webgpu_x, webgpu_y.',
      MAKE,
    ])
  })

  it('names the option where a bundler took the name of the kernel away', async () => {
    expect(await warningOf(`{ heuristics: [${module('softmax', 'webgpu_x')}] }`)).toEqual([
      '  The modules given in code are for softmax; compilers and bundlers rename functions.',
      "  Give the kernel the name that its module has: name: 'softmax'.",
    ])
  })
})

it('shows the progress of a search and generated code as information, not as warnings', async () => {
  const program = `
    const twice = kernel({ name: 'k', printOutputCode: true, autotuneBenchmarkSubprocess: false }, doubled)
    return [...(await twice(tensor([1, 2, 3])).data())]`
  const { given, said } = await inPage(program)
  expect(given).toBe('2,4,6')
  expect(new Set(said.map(({ level }) => level))).toEqual(new Set(['info']))
  const text = said.map((line) => line.text).join('\n')
  expect(text).toContain('tuning k: LFBOTreeSearch, quick effort')
  expect(text).toContain('@compute @workgroup_size')
})

it('refuses what needs Node in words for pages, with the line', async () => {
  const { given } = await inPage(
    `return await aotKernel({ name: 'a', aotMode: 'collect' }, doubled)(tensor([1])).data()`,
  )
  expect(given).toMatch(/^UsageError: the folder of a run needs Node, and this is a browser\n {2}at https:/)
  expect(given).not.toMatch(OF_NODE)
  expect(given).not.toContain(SCRIPT)
})

it('asks for the page to be loaded again when the device is lost', async () => {
  const program = `(await getDevice()).destroy(); return await empty([2]).data()`
  expect((await inPage(program)).given).toMatch(/is lost: .*\n.*\n {2}Reload the page\.$/)
})
