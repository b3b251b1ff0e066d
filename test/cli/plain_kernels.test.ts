/** A program whose kernels are made with `kernel` is told that these take no part, by their names. */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PACKAGE } from '../built_package.ts'
import { Project } from './project.ts'

const PROGRAM = `
import { hl, kernel, ones } from '${PACKAGE}'
const body = (x) => {
  const out = hl.emptyLike(x)
  for (const tile of hl.tile(x.shape[0])) out.at(tile).set(x.at(tile).add(1))
  return out
}
const [first, second, unused] = ['first', 'second', 'unused'].map((name) =>
  kernel({ name, config: { block_sizes: [32], num_warps: 1 } }, body),
)
for (const size of [64, 128]) await first(ones([size])).data()
await second(ones([64])).data()
`

it('names them', async () => {
  const project = new Project('plain')
  writeFileSync(join(project.folder, 'bench.js'), PROGRAM)
  const { exitCode, stderr } = await project.start()
  expect(exitCode).toBe(1)
  expect(stderr).toContain('called no kernel made with aotKernel that leaves a config open; ')
  expect(stderr).toContain('; made with kernel, and called: first, second\n')
  expect(readdirSync(join(project.folder, '.helion_aot', 'plain'))).not.toContain('.plain_kernels')
})
