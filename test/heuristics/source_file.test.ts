/** From the code that runs to the file that its author wrote. */
import { transformSync } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { sourceFiles } from '../../src/heuristics/source_file.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { write } from './module_files.ts'

const SOURCE = `interface Unused { readonly long: string; readonly longer: number }

export const softmax: number = aotKernel({ source: import.meta.url }, function softmax(x: number): number {
  return x
})
declare function aotKernel(options: object, fn: unknown): number
`

/** Compiles src/<name>.ts to dist/<name>.js as a build does. */
function compiled(folder: string, map: 'external' | 'inline', sourceRoot?: string) {
  const source = write(folder, 'src/softmax.ts', SOURCE)
  const { code, map: mapText } = transformSync(SOURCE, {
    loader: 'ts',
    sourcemap: 'external',
    sourcefile: sourceRoot ? 'softmax.ts' : '../src/softmax.ts',
    ...(sourceRoot ? { sourceRoot } : {}),
  })
  const encoded = Buffer.from(mapText).toString('base64')
  const reference = map === 'inline' ? `data:application/json;base64,${encoded}` : 'softmax.js.map'
  if (map === 'external') write(folder, 'dist/softmax.js.map', mapText)
  const file = write(folder, 'dist/softmax.js', `${code}//# sourceMappingURL=${reference}\n`)
  const line = code.split('\n').findIndex((text) => text.includes('aotKernel(')) + 1
  const column = (code.split('\n')[line - 1] ?? '').indexOf('aotKernel(') + 1
  return { source, file, location: { file, line, column } }
}

describe('sourceFiles', () => {
  it.each(['external', 'inline'] as const)('follows a source map (%s)', async (map) => {
    const { source, file, location } = compiled(temporaryFolder(), map)
    expect(await sourceFiles({ sourceFile: file, location })).toEqual([source, file])
    expect(await sourceFiles({ sourceFile: file, location: undefined })).toEqual([source, file])
  })

  it('understands sourceRoot', async () => {
    const folder = temporaryFolder()
    const { source, file, location } = compiled(folder, 'external', '../src/')
    expect(await sourceFiles({ sourceFile: file, location })).toEqual([source, file])
  })

  it('goes by the place of the kernel where a file was made of several', async () => {
    const folder = temporaryFolder()
    const first = write(folder, 'src/a.ts', 'export const a = 1\n')
    const second = write(folder, 'src/b.ts', 'export const b = 2\n')
    const map = {
      version: 3,
      sources: ['../src/a.ts', '../src/b.ts'],
      names: [],
      // Line 1 is line 1 of a.ts, line 2 is line 1 of b.ts.
      mappings: 'AAAA;ACAA',
    }
    write(folder, 'dist/all.js.map', JSON.stringify(map))
    const file = write(folder, 'dist/all.js', 'let a = 1\nlet b = 2\n//# sourceMappingURL=all.js.map\n')
    const at = (line: number) => sourceFiles({ sourceFile: file, location: { file, line, column: 3 } })
    expect(await at(1)).toEqual([first, file])
    expect(await at(2)).toEqual([second, file])
    // Stacks that Node mapped name the source already.
    const mapped = { file: second, line: 1, column: 1 }
    expect(await sourceFiles({ sourceFile: file, location: mapped })).toEqual([second, file])
    // Which of the two is unknown.
    expect(await sourceFiles({ sourceFile: file, location: undefined })).toEqual([file])
  })

  it('names only files that exist', async () => {
    const folder = temporaryFolder()
    const map = { version: 3, sources: ['../src/gone.ts'], names: [], mappings: 'AAAA' }
    write(folder, 'dist/x.js.map', JSON.stringify(map))
    const file = write(folder, 'dist/x.js', 'let a\n//# sourceMappingURL=x.js.map\n')
    expect(await sourceFiles({ sourceFile: file, location: undefined })).toEqual([file])
    expect(await sourceFiles({ sourceFile: `${folder}/none.js`, location: undefined })).toEqual([])
  })

  it('survives maps that are missing or broken', async () => {
    const folder = temporaryFolder()
    const missing = write(folder, 'missing.js', '//# sourceMappingURL=nowhere.map\n')
    const broken = write(folder, 'broken.js', '//# sourceMappingURL=data:application/json,%7Bnot-json\n')
    expect(await sourceFiles({ sourceFile: missing, location: undefined })).toEqual([missing])
    expect(await sourceFiles({ sourceFile: broken, location: undefined })).toEqual([broken])
  })

  it('has nothing to offer for code that came over the network', async () => {
    const url = 'https://example.org/app.js'
    expect(await sourceFiles({ sourceFile: url, location: undefined })).toEqual([])
    expect(await sourceFiles({ sourceFile: undefined, location: undefined })).toEqual([])
  })
})
