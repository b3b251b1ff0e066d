/** Shapes whose kernels never come back from the GPU, and jobs whose time is up before a shape is done. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { AotRecord } from '../../src/aot/records.ts'
import { KnownRecords } from '../../src/aot/run/known_records.ts'
import { isAlive } from '../../src/aot/run/lock.ts'
import { Project } from './project.ts'

/** Adds an array to itself as often as `rounds` says, squared, which no compiler can know. */
const SLOW_BODY = ` {
      const acc = hl.zeros([tile], 'f32')
      for (const round of hl.grid(rounds.at(0)))
        for (const again of hl.grid(rounds.at(0))) acc.addAssign(x.at(tile))
      out.at(tile).set(acc)
    }`
const FAST_BODY = ' out.at(tile).set(x.at(tile).add(1))'
const LIMIT = 'autotuneBenchmarkTimeout: 300'
/** Has that limit, which no machine meets, be over at once while something endless has its turn. */
const IMPATIENT = `
const start = globalThis.setTimeout
globalThis.setTimeout = (action, ms, ...rest) =>
  start(action, globalThis.impatient && ms === 300_000 ? 100 : ms, ...rest)
`

it.concurrent('a shape that never ends is left out; those behind it get their module', async () => {
  const project = new Project('endless')
  project.edit('kernel.js', (text) =>
    text
      .replace('plus_one(x)', 'plus_one(x, rounds)')
      .replace(FAST_BODY, SLOW_BODY)
      .replace('source:', `${LIMIT}, source:`),
  )
  project.edit(
    'bench.js',
    (text) => `${text.slice(0, text.indexOf('for (const')).replace('{ ones }', '{ full, ones }')}
const rounds = (count) => full([1], count, { dtype: 'i32' })
${IMPATIENT}
globalThis.impatient = true
await plus_one(ones([64]), rounds(1_000_000)).data()
globalThis.impatient = false
const values = await plus_one(ones([300]), rounds(2)).data()
console.log(values.every((value) => value === 4) ? 'right' : 'WRONG')`,
  )
  const { exitCode, stdout, stderr } = await project.start()
  expect([exitCode, stdout, stderr]).toEqual([5, expect.stringContaining('right'), expect.anything()])
  const known = new KnownRecords(project.records)
  expect(known.tuned('plus_one').map(({ shape_features }) => shape_features.arg0_dim0)).toEqual([300])
  const [failure] = known.failures('plus_one').filter(({ phase }) => phase === 'collect')
  expect(failure).toMatchObject({ shape_features: { arg0_dim0: 64 } })
  expect(readdirSync(project.folder).filter((file) => file.startsWith('_helion_aot_'))).toHaveLength(1)
})

/** Adds nothing, many times where blocks are small: with blocks of one that never ends. */
const SLOW_BLOCKS = ` {
      const acc = hl.zeros([tile], 'f32')
      const area = tile.blockSize.mul(tile.blockSize)
      const rounds = count.at(0).div(area.mul(area)).to('i32')
      for (const round of hl.grid(rounds))
        for (const again of hl.grid(rounds)) acc.addAssign(x.at(tile).mul(0))
      out.at(tile).set(acc.add(x.at(tile)).add(1))
    }`

it.concurrent('without isolation a config that never ends is passed over by the next start', async () => {
  const project = new Project('not_isolated')
  project.edit('kernel.js', (text) =>
    text
      .replace('plus_one(x)', 'plus_one(x, count)')
      .replace(FAST_BODY, SLOW_BLOCKS)
      .replace('{ aotKernel, hl }', '{ aotKernel, hl, RandomSearch }')
      .replace(
        'source:',
        `autotuneBenchmarkSubprocess: false, autotunePrecompileJobs: 1, ${LIMIT},
        autotuneSeedConfigs: [{ block_sizes: [1] }],
        configFilter(config) {
          const [block] = config.data.block_sizes
          globalThis.impatient = block === 1
          return [2, 4].includes(block) ? null : config
        },
        autotunerFn: (binding, args) => new RandomSearch(binding, args, { count: 3 }), source:`,
      ),
  )
  project.edit('bench.js', (text) =>
    text
      .replace('[64, 300, 2000]', '[64]')
      .replace('for (const', `${IMPATIENT}\nfor (const`)
      .replace('{ ones }', '{ full, ones }')
      .replace('ones([size])', "ones([size]), full([1], 4_000_000, { dtype: 'i32' })"),
  )
  const { exitCode, stdout, stderr } = await project.start('--phase', 'collect')
  expect([exitCode, stdout, stderr]).toEqual([0, expect.stringContaining('64 right'), expect.anything()])
  expect(stderr).toContain('helion-aot: the GPU device was lost; the phase collect goes on with what is left')
  expect(project.records).toContainEqual({ event: 'ended', how: 'device lost', cause: 'crash' })
  const trials = project.records.filter((record) => record.event === 'trial')
  expect(trials.map(({ status }) => status)).toEqual(['ok', 'timeout', 'ok'])
  expect(trials[1]).toMatchObject({
    config: { block_sizes: [1] },
    reason: expect.stringMatching(/^running plus_one took longer than 300000 ms/),
  })
  expect(new KnownRecords(project.records).tuned('plus_one')).toHaveLength(1)
})

it.concurrent('a job that is ended again and again comes to its end, and does nothing twice', async () => {
  const project = new Project('short_jobs')
  // So many elements that no search is over early.
  project.edit('bench.js', (text) => text.replace('[64, 300, 2000]', '[30_000, 40_000]'))
  const ofStarts: (readonly string[])[] = []
  for (let isDone = false; !isDone; ) {
    const before = ofStarts.flat().length
    const start = project.start()
    let ended = false
    void start.finally(() => {
      ended = true
    })
    while (!ended && resultsIn(project).length < before + 5)
      await new Promise((resolve) => setTimeout(resolve, 5))
    if (!ended) start.kill('SIGKILL')
    const { exitCode } = await start
    isDone = exitCode === 0
    // What it was about to record is of this start, too.
    while (project.pids.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 5))
    const results = resultsIn(project).slice(before)
    ofStarts.push(results)
    expect(isDone || results.length > 0).toBe(true)
  }
  expect(ofStarts.length).toBeGreaterThan(3)
  // Times that cannot be told apart are taken again, but not by a later start.
  const results = ofStarts.flatMap((all) => [...new Set(all)])
  expect(new Set(results).size).toBe(results.length)
  const trials = ofStarts.flat().filter((result) => result.startsWith('trial'))
  expect(new Set(trials).size).toBe(trials.length)
  expect(new KnownRecords(project.records).tuned('plus_one')).toHaveLength(2)
})

/** What is known of a config on a shape, in the order in which it became known. */
function resultsIn(project: Project): readonly string[] {
  const { records } = project.files
  try {
    readFileSync(records)
  } catch {
    return []
  }
  return project.records.flatMap((record: AotRecord) => {
    const { event } = record
    if (event === 'trial') return [`${event} ${record.shape_hash} ${record.config_hash}`]
    if (event !== 'measurement') return []
    return [`${event} ${record.shape_hash} ${record.config_hash} ${record.round}`]
  })
}
