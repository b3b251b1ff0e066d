/** Folders with generated modules, each with another thing wrong, all made from a good one. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codeHashes } from '../../src/aot/evaluate/emit/code_hash.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { kernelsIn } from './generated_modules.ts'

const HERE = fileURLToPath(new URL('../..', import.meta.url))
const FOLDER = 'pretuned_kernels/add'
const HOME = join(HERE, 'test/fixtures/gates/generated_modules', FOLDER)
const GOOD = readFileSync(join(HOME, '_helion_aot_add_webgpu_test_good.ts'), 'utf8')

type Edit = readonly [from: RegExp, to: string]

/** A copy with the kernel and these modules beside it: name of the file to what is changed in it. */
export function spoiltModules(modules: Readonly<Record<string, readonly Edit[]>>): string {
  const root = temporaryFolder()
  const home = join(root, FOLDER)
  mkdirSync(join(root, 'node_modules'))
  symlinkSync(HERE, join(root, 'node_modules', 'helion-aot'), 'junction')
  cpSync(HOME, home, { recursive: true })
  // The text of a kernel depends on how its file is loaded, which is another way in another folder.
  const kernel = `${FOLDER}/add.ts`
  const hash = kernelsIn(root, [kernel])[kernel]?.add ?? ''
  const write = (name: string, edits: readonly Edit[]): void => {
    const device = name.replace(/^[a-z]+_/, '')
    const ofKernel: readonly Edit[] = [
      [/(?<=sourceHash: ')\w+/g, hash],
      [/'webgpu_test_good'/g, `'${device}'`],
    ]
    writeFileSync(join(home, `_helion_aot_${name}.ts`), edited([...ofKernel, ...edits]))
  }
  write('add_webgpu_test_good', [])
  for (const [name, edits] of Object.entries(modules)) write(name, edits)
  return root
}

/** The good module, changed, with the hash of its text unless that was changed. */
function edited(edits: readonly Edit[]): string {
  const text = edits.reduce((before, [from, to]) => {
    if (!before.match(from)) throw new Error(`nothing is ${from}`)
    return before.replaceAll(from, to)
  }, GOOD)
  return text.replace(codeHashes(GOOD).held ?? '', codeHashes(text).own)
}
