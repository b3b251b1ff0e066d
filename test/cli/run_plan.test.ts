/** Which run is meant, and how to go on with it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { beginEntry } from '../../src/aot/run/run_metadata.ts'
import type { RunFlags } from '../../src/cli/arguments.ts'
import { planRun, resumeCommand } from '../../src/cli/run_plan.ts'
import { temporaryFolder } from '../temporary_folder.ts'

const outputDir = temporaryFolder()

function flags(more: Partial<RunFlags> = {}): RunFlags {
  return {
    phase: 'all',
    outputDir,
    kernel: [],
    featureSelection: true,
    defaults: false,
    scoreMatrix: true,
    ...more,
  }
}

describe('a plan', () => {
  it('of a new run has a folder that is not there yet', () => {
    const plan = planRun(flags(), ['node', 'a.js'])
    expect(plan).toMatchObject({ resumed: false, phases: ['collect', 'measure', 'build', 'evaluate'] })
    expect(plan.folder).toBe(join(outputDir, plan.runId))
    expect(plan.runId).toMatch(/^\d{8}_\d{6}_[\da-f]{6}$/)
  })

  it('of a run that goes on remembers the command, unless another is given', () => {
    const metadata = join(outputDir, 'known', 'run_metadata.json')
    const entry = { phases: [], hardware_id: 'h', options: {}, versions: {}, started_at: '' }
    mkdirSync(join(outputDir, 'known'))
    beginEntry(metadata, 'known', { ...entry, benchmark_cmd: ['node', 'old.js'] })
    const known = flags({ runId: 'known', phase: 'evaluate' })
    expect(planRun(known, [])).toMatchObject({ resumed: true, command: ['node', 'old.js'] })
    expect(planRun(known, ['node', 'new.js']).command).toEqual(['node', 'new.js'])
  })

  it.each([
    ['../up', '--run-id is "../up"'],
    ['.hidden', '--run-id is ".hidden"'],
    ['', '--run-id is ""'],
  ])('is refused for the id %j', (runId, message) => {
    expect(() => planRun(flags({ runId }), ['x'])).toThrow(message)
  })

  it('is refused for later phases of a run that does not exist', () => {
    expect(() => planRun(flags({ runId: 'none', phase: 'measure' }), ['x'])).toThrow(
      `there is no run ${join(outputDir, 'none')} to measure`,
    )
  })

  it('is refused without a command, which only a build does not need', () => {
    expect(() => planRun(flags(), [])).toThrow('no command to run')
    mkdirSync(join(outputDir, 'bare'))
    expect(() => planRun(flags({ runId: 'bare', phase: 'evaluate' }), [])).toThrow('no command to run')
    expect(planRun(flags({ runId: 'bare', phase: 'build' }), []).command).toEqual([])
  })
})

it('the way to go on is what a shell reads back as the same words', () => {
  const command = ['node', '-e', "console.log('it''s $HOME', `x`)", 'a b', '', 'ü*']
  const typed = ['--kernel', 'a,b', '--file-header', '// mine']
  const text = resumeCommand(planRun(flags({ runId: 'r' }), command, typed))
  expect(text).toMatch(/^npx helion-aot --kernel a,b --file-header '\/\/ mine' --run-id r -- node -e /)
  const words = execFileSync('sh', ['-c', `printf '%s\\0' ${text}`], { encoding: 'utf8' })
  expect(words.split('\0').slice(0, -1)).toEqual([
    'npx',
    'helion-aot',
    ...typed,
    '--run-id',
    'r',
    '--',
    ...command,
  ])
})
