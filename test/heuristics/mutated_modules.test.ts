/**
 * Modules that serve, and source maps that lead to them, as accidents leave them: what a program is told is a
 * sentence, and a module that cannot be used is passed over.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { expect, it } from 'vitest'
import { heuristicInFiles } from '../../src/heuristics/lookup.ts'
import { sourceFiles } from '../../src/heuristics/source_file.ts'
import { DataError } from '../../src/support/errors.ts'
import { forEachMutation, mutations } from '../mutations.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { moduleText, write } from './module_files.ts'

const FAMILY = 'webgpu_v_new'

it('modules', async () => {
  let folders = 0
  const root = temporaryFolder()
  const serve = async (text: string): Promise<void> => {
    const folder = join(root, String(folders++))
    const sourceFile = write(folder, 'add.js', '')
    write(folder, `_helion_aot_add_${FAMILY}.ts`, text)
    const { heuristic, problems } = await heuristicInFiles({
      kernel: 'add',
      sourceHashAs: () => 'abc',
      families: [FAMILY],
      modules: [],
      directory: null,
      sourceFile,
      location: undefined,
    })
    for (const problem of problems) expect(String(problem)).not.toContain('bug')
    try {
      expect(heuristic?.choose([{ shape: [1], dtype: 'f32' }]).config ?? {}).toBeTypeOf('object')
    } catch (error) {
      if (!(error instanceof DataError)) throw error
    }
  }
  await forEachMutation(moduleText('add', 4, FAMILY), 51, serve, mutations() / 2)
})

it('source maps', async () => {
  const folder = temporaryFolder()
  const source = write(folder, 'src/add.ts', 'export const add: number = 1\n')
  const { code, map } = transformSync(readFileSync(source, 'utf8'), {
    loader: 'ts',
    sourcemap: 'external',
    sourcefile: '../src/add.ts',
  })
  const file = write(folder, 'dist/add.js', `${code}//# sourceMappingURL=add.js.map\n`)
  const location = { file, line: 1, column: 1 }
  write(folder, 'dist/add.js.map', map)
  expect(await sourceFiles({ sourceFile: file, location })).toEqual([source, file])
  const found = async (): Promise<void> => {
    expect((await sourceFiles({ sourceFile: file, location })).at(-1)).toBe(file)
  }
  await forEachMutation(map, 52, async (text) => {
    write(folder, 'dist/add.js.map', text)
    await found()
  })
  await forEachMutation(readFileSync(file, 'utf8'), 53, async (text) => {
    write(folder, 'dist/add.js', text)
    await found()
  })
})
