/**
 * Kill -9 at several moments of a run, of the command line and of the program that it runs: the next start
 * goes on where the last one ended.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { writeDerivedFiles } from '../../src/aot/run/derived_files.ts'
import { isAlive } from '../../src/aot/run/lock.ts'
import { killIfAlive, Project } from './project.ts'

type Start = ReturnType<Project['start']>
type Kill = (project: Project, start: Start) => void

/** What a run has come to when it is killed, in this order. */
const MOMENTS: Readonly<Record<string, (project: Project, stderr: string) => boolean>> = {
  'the first search': ({ records }) => records.some(({ event }) => event === 'kernel'),
  'the second search': ({ records }) => records.some(({ event }) => event === 'tuned'),
  'later measurements': ({ records }) => records.filter(({ event }) => event === 'measurement').length > 2,
  'the evaluation': (_, stderr) => /^helion-aot: evaluate$/m.test(stderr),
}

const KILLS: Readonly<Record<string, Kill>> = {
  'the command line': (_, start) => void start.kill('SIGKILL'),
  'the program': ({ pids }) => killIfAlive(pids.at(-1) ?? 0),
}

it.each(Object.keys(KILLS))('%s is killed again and again, and nothing is lost', async (victim) => {
  const project = new Project('killed')
  const kill = KILLS[victim] as Kill
  for (const [moment, isNow] of Object.entries(MOMENTS)) {
    const before = wholeLines(project)
    await startUntil(project, isNow, kill)
    expect([moment, wholeLines(project).startsWith(before)]).toEqual([moment, true])
  }
  const before = wholeLines(project)
  expect(await project.start()).toMatchObject({ exitCode: 0 })
  expect(wholeLines(project).startsWith(before)).toBe(true)
  expectOnce(project)
  await expectFinal(project)
})

/** Starts the run and kills at a moment; waits until both processes have ended. */
async function startUntil(
  project: Project,
  isNow: (project: Project, stderr: string) => boolean,
  kill: Kill,
): Promise<void> {
  const programs = project.pids.length
  const start = project.start()
  let stderr = ''
  start.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  let ended = false
  void start.finally(() => {
    ended = true
  })
  // The moment is of this start: a program of its own runs.
  const runs = () => project.pids.length > programs && isAlive(project.pids.at(-1) ?? 0)
  while (!ended && !(runs() && existsSync(project.files.records) && isNow(project, stderr)))
    await new Promise((resolve) => setTimeout(resolve, 5))
  if (!ended) kill(project, start)
  await start
}

function wholeLines({ files: { records } }: Project): string {
  const text = existsSync(records) ? readFileSync(records, 'utf8') : ''
  return text.slice(0, text.lastIndexOf('\n') + 1)
}

/** Every shape was tuned once; every candidate was measured once on every shape. */
function expectOnce({ records }: Project): void {
  const tuned = records.flatMap((record) => (record.event === 'tuned' ? [record.shape_hash] : []))
  expect(tuned).toHaveLength(3)
  expect(new Set(tuned).size).toBe(3)
  const cells = records.flatMap((record) =>
    record.event === 'measurement' && record.round !== 'turns'
      ? [`${record.shape_hash} ${record.config_hash}`]
      : [],
  )
  const configs = new Set(cells.map((cell) => cell.split(' ')[1]))
  expect(new Set(cells).size).toBe(cells.length)
  expect(cells).toHaveLength(3 * configs.size)
}

/** All files are there, none is left over, and they are what the records say. */
async function expectFinal(project: Project): Promise<void> {
  const { folder, hardwareId, measurements, tunedConfigs } = project.files
  expect(readdirSync(folder).sort()).toEqual([
    `evaluation_${hardwareId}.json`,
    `heuristic_summary_${hardwareId}.json`,
    'logs',
    `measurements_${hardwareId}.csv`,
    `records_${hardwareId}.jsonl`,
    'report.html',
    'run_metadata.json',
    `tuned_configs_${hardwareId}.json`,
  ])
  const modules = readdirSync(project.folder).filter((file) => file.startsWith('_helion_aot_'))
  expect(modules).toHaveLength(1)
  const paths = [measurements, tunedConfigs, ...modules.map((file) => `${project.folder}/${file}`)]
  const texts = () => paths.map((path) => readFileSync(path, 'utf8'))
  const before = texts()
  writeDerivedFiles(project.files)
  await project.start('--phase', 'build')
  expect(texts()).toEqual(before)
}
