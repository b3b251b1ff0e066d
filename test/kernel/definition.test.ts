/** What identifies a kernel, whichever compiler its function went through. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../temporary_folder.ts'

const folder = temporaryFolder()

const INDEX = new URL('../../src/index.ts', import.meta.url).href
const TSX = import.meta.resolve('tsx')

/** A kernel whose constant has the name of its function, as everybody writes it. */
const PROGRAM = `
import { aotKernel, hl } from '${INDEX}'
export const twice = aotKernel({}, function twice(x) {
  const out = hl.emptyLike(x)
  for (const tile of hl.tile(x.shape[0])) out.at(tile).set(x.at(tile).mul(2))
  return out
})
const { name, sourceHash } = twice.definition
console.log(JSON.stringify({ name, sourceHash, text: String(twice.definition.fn).split('(')[0] }))
`

function identity(file: string): {
  readonly name: string
  readonly sourceHash: string
  readonly text: string
} {
  const path = join(folder, file)
  writeFileSync(path, PROGRAM)
  return JSON.parse(execFileSync(process.execPath, ['--import', TSX, path], { encoding: 'utf8' }))
}

it('is the same under tsx, which renames the function, and in JavaScript as it was written', () => {
  const [typescript, javascript] = [identity('kernel.mts'), identity('kernel.mjs')]
  expect([typescript.text, javascript.text]).toEqual(['function twice2', 'function twice'])
  expect(typescript).toEqual({ ...javascript, text: 'function twice2' })
})
