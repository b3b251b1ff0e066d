/**
 * Kill -9 at random moments, also inside one shape: nothing that was recorded is lost, no config is blamed,
 * and the run comes to its end with the right result. HELION_TEST_KILLS says how many, HELION_TEST_SEED where
 * chance begins.
 */
import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { KnownRecords } from '../../src/aot/run/known_records.ts'
import { Random } from '../../src/support/random.ts'
import { killIfAlive, Project } from './project.ts'

const KILLS = Number(process.env.HELION_TEST_KILLS ?? 4)
const SEED = Number(process.env.HELION_TEST_SEED ?? 1)
/** Kills of one test. */
const BATCH = 20
const BATCHES = Array.from({ length: Math.ceil(KILLS / BATCH) }, (_, i) => ({
  seed: SEED + i,
  kills: Math.min(BATCH, KILLS - i * BATCH),
}))
/** From the start of the program to the kill, at most. */
const LATEST_MS = 2500

type Start = ReturnType<Project['start']>

const VICTIMS: readonly ((project: Project, start: Start) => void)[] = [
  (_, start) => void start.kill('SIGKILL'),
  ({ pids }) => killIfAlive(pids.at(-1) ?? 0),
  (project, start) => {
    start.kill('SIGKILL')
    killIfAlive(project.pids.at(-1) ?? 0)
  },
]

it.each(BATCHES)('survives $kills kills at random moments, seed $seed', async ({ kills, seed }) => {
  const chance = new Random(seed)
  let killed = 0
  for (let run = 0; killed < kills; run++) {
    const project = new Project(`run_${run}`)
    for (let finished = false; !finished && killed < kills; ) {
      const before = recorded(project)
      finished = await killedOnTheWay(project, chance)
      if (!finished) killed++
      expect(recorded(project).startsWith(before)).toBe(true)
    }
    const { exitCode, stdout } = await project.start()
    expect(exitCode).toBe(0)
    expect(stdout).not.toContain('WRONG')
    expectComplete(project)
  }
})

/** Whether the run came to its end all the same. */
async function killedOnTheWay(project: Project, chance: Random): Promise<boolean> {
  const programs = project.pids.length
  const start = project.start()
  let ended = false
  void start.finally(() => {
    ended = true
  })
  while (!ended && project.pids.length === programs) await pause(5)
  for (const end = Date.now() + chance.next() * LATEST_MS; !ended && Date.now() < end; ) await pause(5)
  if (!ended) VICTIMS[chance.int(0, VICTIMS.length - 1)]?.(project, start)
  const { exitCode } = await start
  return exitCode === 0
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function recorded({ files: { records } }: Project): string {
  const text = existsSync(records) ? readFileSync(records, 'utf8') : ''
  return text.slice(0, text.lastIndexOf('\n') + 1)
}

/** Each shape was tuned once, each cell was measured, and nobody was blamed. */
function expectComplete({ records }: Project): void {
  const known = new KnownRecords(records)
  const tuned = records.flatMap((record) => (record.event === 'tuned' ? [record.shape_hash] : []))
  expect([tuned.length, new Set(tuned).size]).toEqual([3, 3])
  const shapes = known.measuredShapes('plus_one')
  expect(shapes).toHaveLength(3)
  const cells = shapes.map((shape) => known.measured('plus_one', shape))
  expect(new Set(cells.map(({ size }) => size)).size).toBe(1)
  for (const cell of cells.flatMap((each) => [...each.values()])) expect(cell.status).toBe('ok')
  const reasons = records.flatMap((record) => (record.event === 'trial' ? [record.reason ?? ''] : []))
  expect(reasons.filter((reason) => reason.includes('the process ended'))).toEqual([])
}
