/** Whether a program is believed to use a module. */
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { ChoiceLine } from '../../../src/aot/serve/choice_log.ts'
import { type Proof, proveUse, readTrace } from '../../../src/aot/verdict/proof.ts'
import { sha16 } from '../../../src/support/stable.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { shapeHash } from '../run/records_for_tests.ts'
import { choosing, madeRun } from './made_run.ts'

const CONFIGS = [{ num_warps: 1 }, { num_warps: 8 }]
const { sweep } = madeRun(CONFIGS, { 64: [1, 2], 1024: [2, 1] })
const folder = temporaryFolder()
const emitted = join(folder, 'm.ts')
const module = choosing(CONFIGS, (size) => (size < 100 ? 0 : 1))
writeFileSync(emitted, '')

function line(size: number, config: number, path = emitted, kernel = 'add'): ChoiceLine {
  const config_hash = sha16(CONFIGS[config])
  return { kernel, module: path, shape_hash: shapeHash(kernel, size), index: config, config_hash }
}

function proof(...trace: readonly ChoiceLine[]): Proof {
  return proveUse(trace, emitted, module, sweep)
}

it('is content with a program that asks the module and gets what it answers', () => {
  expect(proof(line(64, 0), line(1024, 1), line(64, 0))).toEqual({ shapes: 2, doubts: [] })
})

it('knows a file by any of its names, and other kernels as none of its business', () => {
  const link = join(folder, 'link.ts')
  symlinkSync(emitted, link)
  expect(proof(line(64, 0, link), line(64, 1, '/elsewhere.ts', 'multiply'))).toEqual({
    shapes: 1,
    doubts: [],
  })
})

it('does not believe in a module that nothing asked', () => {
  const doubts = [`no module decided for add: the program did not find ${emitted}`]
  expect(proof()).toEqual({ shapes: 0, doubts })
  expect(proof(line(64, 0, emitted, 'multiply'))).toEqual({ shapes: 0, doubts })
})

it('names another module that decided', () => {
  const other = join(folder, 'other.ts')
  expect(proof(line(64, 0, other), line(1024, 1, other))).toEqual({
    shapes: 0,
    doubts: [`${other} decided for add instead of ${emitted}`],
  })
})

it('notices choices that the module does not make', () => {
  expect(proof(line(64, 1), line(1024, 1)).doubts).toEqual([
    `the program chose another config for shape ${shapeHash('add', 64)} than ${emitted} answers with`,
  ])
})

it('reads what a program wrote, as far as it got', () => {
  const path = join(folder, 'choices.jsonl')
  expect(readTrace(path)).toEqual([])
  writeFileSync(path, `${JSON.stringify(line(64, 0))}\n{"kernel":"ad`)
  expect(readTrace(path)).toEqual([line(64, 0)])
})
