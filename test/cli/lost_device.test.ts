/** A device that is lost in the middle of a phase: the program is run again and goes on with what is left. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PACKAGE } from '../built_package.ts'
import { Project } from './project.ts'

/** Each process loses the device as soon as it has tuned one shape. */
const PROGRAM = `
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { getDevice, ones } from '${PACKAGE}'
import { plus_one } from './kernel.js'
appendFileSync(new URL('./pids', import.meta.url), process.pid + '\\n')

function tuned() {
  const folder = process.env.HELION_AOT_DATA_DIR
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')) : []
  return files.map((name) => readFileSync(folder + '/' + name, 'utf8').split('"tuned"').length - 1)[0] ?? 0
}

const before = tuned()
for (const size of [64, 300, 2000]) {
  await plus_one(ones([size])).data()
  if (tuned() > before) (await getDevice()).abandon('the test took it away')
}
`
/** Fails in a way that has nothing to do with the device. */
const BROKEN = PROGRAM.replace('(await getDevice()).abandon', 'throw new Error')

/** Drivers may crash in what is left of a process that has lost its device. */
const CRASHING = PROGRAM.replace(
  '  if (',
  "  if (before === 0) process.once('exit', () => process.kill(process.pid, 'SIGSEGV'))\n  if (",
)

it.each([
  ['', PROGRAM],
  [', and a crash after it', CRASHING],
])('is run again as long as something new is recorded%s', async (_, program) => {
  const project = new Project('lost')
  writeFileSync(join(project.folder, 'bench.js'), program)
  const { exitCode, stderr } = await project.start('--phase', 'collect')
  expect(exitCode).toBe(0)
  const again = 'helion-aot: the GPU device was lost; the phase collect goes on with what is left\n'
  expect(stderr.split(again)).toHaveLength(3)
  expect(project.pids).toHaveLength(3)
  const tuned = project.records.flatMap((record) => (record.event === 'tuned' ? [record.shape_hash] : []))
  expect(tuned).toHaveLength(3)
  expect(new Set(tuned).size).toBe(3)
})

it('is not run again when it failed for another reason', async () => {
  const project = new Project('broken')
  writeFileSync(join(project.folder, 'bench.js'), BROKEN)
  const { exitCode, stderr } = await project.start('--phase', 'collect')
  expect(exitCode).toBe(1)
  expect(stderr).toContain('Error: the test took it away')
  expect(stderr).toContain('ended with exit code 1; its output is in')
  expect(project.pids).toHaveLength(1)
})
