/** Which module serves a kernel: the order of places and families, and modules that cannot be used. */
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { heuristicInCode, heuristicInFiles, type LookupRequest } from '../../src/heuristics/lookup.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { moduleText, write } from './module_files.ts'

const FAMILIES = ['webgpu_v_new', 'webgpu_v_old', 'webgpu_v', 'webgpu_portable']

function request(sourceFile: string | undefined, more: Partial<LookupRequest> = {}): LookupRequest {
  const place = { sourceFile, location: undefined }
  const identity = { kernel: 'add', sourceHashAs: () => 'not that of any module' }
  return { ...identity, families: FAMILIES, modules: [], directory: null, ...place, ...more }
}

/** Writes add's module for a family, telling it by its warps. */
function put(folder: string, family: string, warps: number, extension = '.ts', text?: string): string {
  const name = `_helion_aot_add_${family}${extension}`
  const body = text ?? moduleText('add', warps, family)
  return write(folder, name, extension === '.ts' ? body : stripped(body))
}

function stripped(text: string): string {
  return text
    .replace(/^type .*\n/m, '')
    .replace(/: readonly ConfigData\[\]|: ConfigData|\?: unknown|: number| as const| as ConfigData/g, '')
    .replace(/\(arg0 as \{[^}]*\} \| undefined\)/, 'arg0')
}

async function warpsIn(found: ReturnType<typeof heuristicInFiles>): Promise<unknown> {
  const { heuristic } = await found
  return heuristic?.choose([{ shape: [1], dtype: 'f32' }]).config.num_warps
}

describe('heuristicInFiles', () => {
  it('takes the device family, then older ones, then the portable module', async () => {
    const folder = temporaryFolder()
    const source = write(folder, 'add.js', '')
    put(folder, 'webgpu_portable', 1)
    expect(await warpsIn(heuristicInFiles(request(source)))).toBe(1)
    put(folder, 'webgpu_v_old', 2)
    expect(await warpsIn(heuristicInFiles(request(source)))).toBe(2)
    put(folder, 'webgpu_v_new', 4)
    expect(await warpsIn(heuristicInFiles(request(source)))).toBe(4)
  })

  it('leaves modules of other families and kernels alone', async () => {
    const folder = temporaryFolder()
    const source = write(folder, 'add.js', '')
    put(folder, 'webgpu_v_newest', 1)
    write(folder, '_helion_aot_mul_webgpu_v_new.ts', moduleText('mul', 1, 'webgpu_v_new'))
    expect(await heuristicInFiles(request(source))).toEqual({ heuristic: undefined, problems: [] })
  })

  it('looks into the folder of HELION_HEURISTIC_DIR first, for every family', async () => {
    const folder = temporaryFolder()
    const source = write(folder, 'src/add.js', '')
    put(join(folder, 'src'), 'webgpu_v_new', 4)
    put(join(folder, 'other'), 'webgpu_v_old', 2)
    expect(await warpsIn(heuristicInFiles(request(source, { directory: join(folder, 'other') })))).toBe(2)
    expect(await warpsIn(heuristicInFiles(request(source, { directory: join(folder, 'empty') })))).toBe(4)
    expect(await warpsIn(heuristicInFiles(request(undefined, { directory: join(folder, 'other') })))).toBe(2)
  })

  it('looks beside the source before it looks beside the compiled file', async () => {
    const folder = temporaryFolder()
    write(folder, 'src/add.ts', '')
    const map = { version: 3, sources: ['../src/add.ts'], names: [], mappings: 'AAAA' }
    write(folder, 'dist/add.js.map', JSON.stringify(map))
    const file = write(folder, 'dist/add.js', 'let a\n//# sourceMappingURL=add.js.map\n')
    put(join(folder, 'dist'), 'webgpu_v_new', 2, '.js')
    expect(await warpsIn(heuristicInFiles(request(file)))).toBe(2)
    put(join(folder, 'src'), 'webgpu_v_new', 4)
    expect(await warpsIn(heuristicInFiles(request(file)))).toBe(4)
  })

  it.each(['.ts', '.mts', '.js', '.mjs'])('loads %s', async (extension) => {
    const folder = temporaryFolder()
    write(folder, 'package.json', '{"type":"module"}')
    put(
      folder,
      'webgpu_v_new',
      8,
      extension,
      extension === '.mts' ? stripped(moduleText('add', 8, '')) : undefined,
    )
    expect(await warpsIn(heuristicInFiles(request(write(folder, 'add.js', ''))))).toBe(8)
  })

  it('loads .js in a package whose .js files are CommonJS, and modules that import another', async () => {
    const folder = temporaryFolder()
    write(folder, 'package.json', '{"type":"commonjs"}')
    put(folder, 'webgpu_v_new', 8, '.js')
    expect(await warpsIn(heuristicInFiles(request(write(folder, 'add.js', ''))))).toBe(8)
    const edited = temporaryFolder()
    write(edited, 'warps.ts', 'export const warps: number = 16\n')
    const edits = moduleText('add', 1, '').replace('num_warps: 1 ', 'num_warps: warps ')
    const text = `import { warps } from './warps.ts'\n${edits}`
    put(edited, 'webgpu_v_new', 0, '.ts', text)
    expect(await warpsIn(heuristicInFiles(request(write(edited, 'add.js', ''))))).toBe(16)
  })

  it('sees a module that was written anew', async () => {
    const folder = temporaryFolder()
    const source = write(folder, 'add.js', '')
    put(folder, 'webgpu_v_new', 1)
    expect(await warpsIn(heuristicInFiles(request(source)))).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    put(folder, 'webgpu_v_new', 2)
    expect(await warpsIn(heuristicInFiles(request(source)))).toBe(2)
  })

  it('knows a kernel that a bundler renamed by its source, in the best family', async () => {
    const folder = temporaryFolder()
    const source = write(folder, 'add.js', '')
    put(folder, 'webgpu_v_new', 1, '.ts', 'not a module at all (')
    put(folder, 'webgpu_v_old', 2)
    put(folder, 'webgpu_v', 4)
    const sourceHashAs = (name: string) => (name === 'add' ? 'abc' : 'another')
    const renamed = heuristicInFiles(request(source, { kernel: 'add2', sourceHashAs }))
    expect(await warpsIn(renamed)).toBe(2)
    expect(await renamed).toMatchObject({ heuristic: { kernel: 'add' }, problems: [] })
    const changed = request(source, { kernel: 'add2', sourceHashAs: () => 'changed' })
    expect(await heuristicInFiles(changed)).toEqual({ heuristic: undefined, problems: [] })
  })

  it('passes over a folder that is none, and over modules that are devices', async () => {
    const folder = temporaryFolder()
    const source = write(folder, 'add.js', '')
    const device = join(folder, '_helion_aot_add_webgpu_v_new.ts')
    symlinkSync('/dev/null', device)
    expect(await heuristicInFiles(request(source, { directory: source }))).toEqual({
      heuristic: undefined,
      problems: [
        `cannot read ${device}: a device is there where a file belongs\n` +
          '  Write its contents to a file, and name that.',
        `cannot list the folder ${source}: a file is there where a folder belongs\n` +
          '  Remove or rename that file, or name a folder.',
      ],
    })
    put(folder, 'webgpu_v_old', 2)
    expect(await warpsIn(heuristicInFiles(request(source, { directory: source })))).toBe(2)
  })

  it('passes over modules that cannot be used, and names each file and reason', async () => {
    const folder = temporaryFolder()
    const source = write(folder, 'add.js', '')
    const broken = put(folder, 'webgpu_v_new', 0, '.ts', 'export function key_add( {\n')
    const throwing = put(folder, 'webgpu_v_old', 0, '.ts', 'throw new Error("no luck today")\n')
    const lacking = put(folder, 'webgpu_v', 0, '.ts', moduleText('mul', 1, ''))
    put(folder, 'webgpu_portable', 64)
    const found = heuristicInFiles(request(source))
    expect(await warpsIn(found)).toBe(64)
    const { problems } = await found
    expect(problems).toHaveLength(3)
    expect(problems[0]).toMatch(new RegExp(`^cannot load ${broken}: [^]*(Expected|Unexpected)`))
    expect(problems[1]).toContain(`cannot load ${throwing}: no luck today`)
    expect(problems[2]).toContain(`${lacking} does not export a function key_add`)
  })
})

describe('a module that waits for ever', () => {
  const ENDLESS = `globalThis.secondsPass(); await new Promise(() => {})\n${moduleText('add', 1, '')}`
  const told = (path: string) =>
    `cannot load ${path}: it had not finished after 5 s, as with an \`await\` that nothing ends\n` +
    '  Generate it again with `npx helion-aot`, or remove it.'
  /** Seconds pass when the endless module has its turn; what counts them. */
  const clocks = () => {
    const spy = vi.spyOn(globalThis, 'setInterval')
    const secondsPass = (): void => {
      const [count] = spy.mock.lastCall ?? []
      for (let second = 0; second < 5; second++) count?.()
    }
    vi.stubGlobal('secondsPass', secondsPass)
    onTestFinished(() => {
      spy.mockRestore()
      vi.unstubAllGlobals()
    })
    return spy
  }

  it.each(['.ts', '.mjs'])('is passed over after some seconds, once: %s', async (extension) => {
    const started = clocks()
    const folder = temporaryFolder()
    const source = write(folder, 'add.js', '')
    const path = put(folder, 'webgpu_v_new', 0, extension, stripped(ENDLESS))
    put(folder, 'webgpu_portable', 64)
    for (let time = 0; time < 2; time++) {
      expect(await heuristicInFiles(request(source))).toMatchObject({ problems: [told(path)] })
      expect(await warpsIn(heuristicInFiles(request(source)))).toBe(64)
    }
    const waits = started.mock.calls.length
    await heuristicInFiles(request(source))
    // For the portable one.
    expect(started.mock.calls.length).toBe(waits + 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    put(folder, 'webgpu_v_new', 2, extension)
    expect(await warpsIn(heuristicInFiles(request(source)))).toBe(2)
  })

  it('is named where it was waited for in search of a kernel of another name', async () => {
    clocks()
    const folder = temporaryFolder()
    const source = write(folder, 'add.js', '')
    const path = put(folder, 'webgpu_v_new', 0, '.ts', ENDLESS)
    const found = await heuristicInFiles(request(source, { kernel: 'add2' }))
    expect(found).toEqual({ heuristic: undefined, problems: [told(path)] })
  })
})

describe('heuristicInCode', () => {
  const module = (warps: number, device?: string, kernel = 'add') => ({
    [`key_${kernel}`]: () => 0,
    [`autotune_${kernel}`]: () => ({ num_warps: warps }),
    meta: { kernel, ...(device ? { device } : {}) },
  })
  const warps = (modules: LookupRequest['modules']) =>
    heuristicInCode(request(undefined, { modules })).heuristic?.choose([]).config.num_warps

  it('takes the family that comes first among the device’s, in whatever order they are given', () => {
    const modules = [module(1, 'webgpu_portable'), module(2, 'webgpu_v_old'), module(3, 'webgpu_v_new')]
    expect(warps(modules)).toBe(3)
    expect(warps(modules.toReversed())).toBe(3)
    expect(warps(modules.slice(0, 2))).toBe(2)
  })

  it('does not offer families that the device does not have; modules without one come last', () => {
    expect(warps([module(1, 'webgpu_v_newest')])).toBeUndefined()
    expect(warps([module(1), module(2, 'webgpu_portable')])).toBe(2)
    expect(warps([module(1)])).toBe(1)
  })

  it('passes over modules of other kernels silently, and names broken ones', () => {
    const modules = [module(1, 'webgpu_v_new', 'mul'), {}, module(2, 'webgpu_portable')]
    const { heuristic, problems } = heuristicInCode(request(undefined, { modules }))
    expect(heuristic?.choose([]).config.num_warps).toBe(2)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('the option heuristics[1] of add does not export a function key_add')
  })
})
