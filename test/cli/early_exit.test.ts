/** A program that exits by itself before its kernels are tuned: said as that, whatever its exit code. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PACKAGE } from '../built_package.ts'
import { Project } from './project.ts'

it.each([
  ['at once', 'process.exit(0)', ''],
  ['in the midst of the work', '', 'configFilter() { process.exit(0) },'],
])('exits %s', async (_, exit, option) => {
  const project = new Project('early')
  project.edit('kernel.js', (text) => text.replace('source:', `${option} source:`))
  const call = 'plus_one(ones([64]))'
  writeFileSync(
    join(project.folder, 'bench.js'),
    `import { ones } from '${PACKAGE}'\nimport { plus_one } from './kernel.js'\n${call}\n${exit}`,
  )
  const { exitCode, stderr } = await project.start('--phase', 'collect')
  expect(exitCode).toBe(1)
  const what = 'the program exited by itself while 1 shape waited to be worked on'
  const remedy = 'Wait for results before the program ends: await tensor.data(), or await device.sync().'
  expect(stderr).toContain(`helion-aot: ${what}\n  ${remedy}\n`)
  expect(stderr).toContain(`bench.js\`: ${what}\n`)
})

it('awaits outside of functions what nothing ends', async () => {
  const project = new Project('endless_await')
  project.edit('bench.js', (text) => `await new Promise(() => {})\n${text}`)
  const { exitCode, stderr } = await project.start('--phase', 'collect')
  expect(exitCode).toBe(1)
  expect(stderr).toContain(
    'bench.js` ended with exit code 13, which is that of an `await` that nothing ends; its output is in ',
  )
})
