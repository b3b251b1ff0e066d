/** Configs that end the process that tries them: found out, recorded as the cause, and passed over. */
import { describe, expect, it } from 'vitest'
import { KnownRecords } from '../../src/aot/run/known_records.ts'
import { Project } from './project.ts'

const ENDS = {
  'process.abort()': 'SIGABRT',
  "process.kill(process.pid, 'SIGKILL')": 'SIGKILL',
} as const

/** A project in which a block of 32 does this when it is built. */
function deadly(name: string, deed: string, options: string): Project {
  const project = new Project(name)
  const is32 = 'config.data.block_sizes?.[0] === 32'
  const filter = `configFilter(config) { if (${is32}) { ${deed} } return config },`
  project.edit('kernel.js', (text) => text.replace('source:', `${filter} ${options}, source:`))
  return project
}

describe.concurrent.each(Object.entries(ENDS))('a config that does %s', (deed, how) => {
  it('does not keep collect and measure from their end', async () => {
    const project = deadly('deadly', deed, 'autotuneSeedConfigs: [{ block_sizes: [32] }]')
    const { exitCode, stderr } = await project.start()
    expect([exitCode, stderr]).toEqual([0, expect.anything()])
    expect(stderr).toContain(
      `helion-aot: a config may have ended the program (${how}); the phase collect goes on`,
    )
    const known = new KnownRecords(project.records)
    expect(known.tuned('plus_one')).toHaveLength(3)
    const condemned = project.records.filter(
      (record) => record.event === 'trial' && record.reason?.includes(`when this config was tried (${how})`),
    )
    expect(condemned.length).toBeGreaterThan(0)
    for (const record of condemned) expect(record).toMatchObject({ config: { block_sizes: [32] } })
    expect(known.attempts.underWay).toBeUndefined()
  })
})

it.concurrent('a config that breaks the process while measured has failed on each shape', async () => {
  const configs = 'configs: [{ block_sizes: [32] }, { block_sizes: [64] }, { block_sizes: [128] }]'
  const project = deadly('later', "if (process.env.HELION_AOT_MODE === 'measure') process.abort()", configs)
  const { exitCode, stderr } = await project.start()
  expect([exitCode, stderr]).toEqual([
    0,
    expect.stringContaining('the phase measure goes on with what is left'),
  ])
  const cells = project.records.filter((record) => record.event === 'measurement')
  const failed = cells.filter(({ status }) => status !== 'ok')
  expect(failed).toHaveLength(3)
  for (const cell of failed)
    expect(cell).toMatchObject({
      config: { block_sizes: [32] },
      status: 'error',
      reason: 'the process ended each time when this config was tried (SIGABRT)',
    })
})
