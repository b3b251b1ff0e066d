/** A whole run on the software adapter: all phases, its files, a second start, and the program afterwards. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readMeasurementCsv } from '../../src/aot/evaluate/input/measurement_csv.ts'
import { fileLines } from '../../src/aot/lines.ts'
import { readMetadata } from '../../src/aot/run/run_metadata.ts'
import { readTrace } from '../../src/aot/verdict/proof.ts'
import { COMMAND, Project } from './project.ts'

const project = new Project('one')
const SIZES = [64, 300, 2000]
let ended: { readonly exitCode?: number | undefined; readonly stdout: string; readonly stderr: string }

function moduleFile(): string {
  const [name = ''] = readdirSync(project.folder).filter((file) => file.startsWith('_helion_aot_'))
  return join(project.folder, name)
}

function read(path: string): string {
  return readFileSync(path, 'utf8')
}

function json(path: string): unknown {
  return JSON.parse(read(path))
}

beforeAll(async () => {
  ended = await project.start()
})

describe('all phases', () => {
  it('end well, with a table and the paths of the modules', () => {
    expect(ended).toMatchObject({ exitCode: 0 })
    expect(ended.stdout).toMatch(/^kernel +shapes +configs kept +vs best +worst +held out +vs default$/m)
    expect(ended.stdout).toMatch(/^plus_one +3 +\d+ +\d+\.\d\dx +/m)
    expect(ended.stdout).toContain(`modules:\n  ${basename(moduleFile())}\n`)
    for (const phase of ['collect', 'measure', 'build', 'evaluate'])
      expect(ended.stderr).toMatch(new RegExp(`^helion-aot: ${phase}$`, 'm'))
    expect(ended.stderr).toMatch(/^helion-aot collect: plus_one f32\[64\]: tuned in /m)
    expect(ended.stderr).toMatch(/^helion-aot measure: plus_one f32\[2000\]: \d+ configs in /m)
    expect(ended.stderr).toMatch(/^helion-aot: plus_one f32\[2000\] · shape 3 of 3/m)
    expect(ended.stdout.match(/^\d+ right$/gm)).toHaveLength(3 * SIZES.length)
    expect(ended.stdout).not.toContain('WRONG')
  })

  it('leave the files that they should, and no others', () => {
    const { folder, hardwareId } = project.files
    expect(hardwareId).toMatch(/^webgpu_[\w.-]+_[\w.-]+$/)
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
    expect(readdirSync(join(folder, 'logs')).sort()).toEqual([
      `choices_${hardwareId}.jsonl`,
      `collect_${hardwareId}.log`,
      `evaluate_${hardwareId}.log`,
      `measure_${hardwareId}.log`,
    ])
    expect(readdirSync(project.folder).sort()).toEqual(
      ['.helion_aot', basename(moduleFile()), 'bench.js', 'kernel.js', 'package.json', 'pids'].sort(),
    )
  })

  it('record every shape once, and every config on every shape once', () => {
    const { records } = project
    const tuned = records.filter(({ event }) => event === 'tuned')
    expect(tuned.map((record) => 'shape_features' in record && record.shape_features.arg0_dim0)).toEqual(
      SIZES,
    )
    const cells = records.flatMap((record) =>
      record.event === 'measurement' && record.round !== 'turns'
        ? [`${record.shape_hash} ${record.config_hash}`]
        : [],
    )
    const configs = new Set(cells.map((cell) => cell.split(' ')[1]))
    expect(new Set(cells).size).toBe(cells.length)
    expect(cells).toHaveLength(SIZES.length * configs.size)
    expect(configs.size).toBeGreaterThan(1)
  })

  it('derive tables from the records', () => {
    const { tunedConfigs, measurements } = project.files
    expect(json(tunedConfigs)).toMatchObject({ plus_one: [{ timing_ms: expect.any(Number) }, {}, {}] })
    const [header] = read(measurements).split('\n')
    expect(header).toBe('kernel_name,shape_hash,config_hash,config,shape_features,timing_ms,facts')
    const rows = [...readMeasurementCsv(fileLines(measurements), measurements, [])]
    expect(new Set(rows.map(({ shapeHash }) => shapeHash)).size).toBe(SIZES.length)
  })

  it('say what the module is worth, and that the program uses it', () => {
    const { evaluation, summary, trace } = project.files
    expect(json(evaluation)).toMatchObject({
      plus_one: {
        coverage: 1,
        module: moduleFile(),
        emitted: { geomean_slowdown: expect.any(Number), over_default: { geomean: expect.any(Number) } },
        used_in_program: { shapes: SIZES.length, doubts: [] },
      },
    })
    expect(json(summary)).toMatchObject({ plus_one: { num_configs: expect.any(Number) } })
    expect(readTrace(trace).map(({ kernel, module }) => [kernel, module])).toEqual(
      SIZES.map(() => ['plus_one', moduleFile()]),
    )
  })

  it('say nothing of shapes held out where these are too few, and the same instead everywhere', () => {
    const [, worst = ''] = /([\d.]+ at most with any kept config)/.exec(read(moduleFile())) ?? []
    const reason = 'fewer than 8 shapes, so none were held out'
    expect(read(moduleFile())).toContain(` * ${reason}.\n`)
    expect(ended.stderr).toContain(`, ${worst}; ${reason}\n`)
    expect(ended.stdout).toMatch(/^plus_one .*x +– +[\d.]+x$/m)
    expect(ended.stderr).toContain(`held out –: ${reason}.`)
    const { plus_one } = json(project.files.evaluation) as {
      plus_one: { held_out: null; worst_of_kept: number }
    }
    expect(plus_one.held_out).toBeNull()
    expect(plus_one.worst_of_kept.toFixed(2)).toBe(worst.split(' ')[0])
  })

  it('keep logs and the history', () => {
    const { log, metadata, hardwareId } = project.files
    expect(read(log('measure'))).toMatch(
      /^# phase: measure\n# Command: node .*bench\.js\n# Environment: \{"HELION_AOT_MODE":"measure",/,
    )
    expect(read(log('evaluate'))).toMatch(/# Return code: 0\n\n$/)
    expect(readMetadata(metadata)).toMatchObject({
      run_id: 'one',
      history: [
        {
          phases: ['collect', 'measure', 'build', 'evaluate'],
          hardware_id: hardwareId,
          benchmark_cmd: COMMAND,
          success: true,
          exit_code: 0,
          options: { effort: 'quick', threshold: 1000 },
        },
      ],
    })
  })
})

describe('afterwards', () => {
  it('a second start tunes and measures nothing, and changes no result', async () => {
    const before = [project.files.records, moduleFile(), project.files.measurements].map(read)
    const again = await project.start('--json')
    expect(again).toMatchObject({ exitCode: 0 })
    expect(again.stderr).not.toMatch(/tuned in|configs in/)
    expect([project.files.records, moduleFile(), project.files.measurements].map(read)).toEqual(before)
    expect(JSON.parse(again.stdout)).toMatchObject({
      exit_code: 0,
      run_id: 'one',
      kernels: [{ kernel: 'plus_one', shapes: 3, used_in_program: { shapes: 3, doubts: [] } }],
      modules: [moduleFile()],
      files: { records: project.files.records },
    })
    expect(readMetadata(project.files.metadata)?.history).toHaveLength(2)
  })

  it('the program uses the module, as it stands in the file', async () => {
    const silent = await project.program()
    expect([silent.exitCode, silent.stderr]).toEqual([0, expect.not.stringContaining('helion-aot')])
    const { stderr } = await project.program({ HELION_AOT_VERBOSE: '1' })
    const found = `helion-aot: found ${moduleFile()} for plus_one, using config `
    expect(stderr.split(found)[1]).toMatch(/^\d+ from it: new Config\(\{ block_sizes: /)
    const text = read(moduleFile())
    writeFileSync(
      moduleFile(),
      text.replace(/(key_plus_one\([^)]*\): number \{)/, "$1 console.error('asked');"),
    )
    expect((await project.program()).stderr).toContain('asked')
    writeFileSync(moduleFile(), text)
  })

  it('--phase evaluate notices a module that is missing', async () => {
    rmSync(moduleFile())
    const { exitCode, stderr } = await project.start('--phase', 'evaluate')
    expect(exitCode).toBe(5)
    expect(stderr).toMatch(/helion-aot: plus_one has no module: .* does not exist/)
    expect(stderr).toContain('no heuristic for the kernel plus_one')
    expect((await project.start('--phase', 'build')).exitCode).toBe(0)
    expect(existsSync(moduleFile())).toBe(true)
  })

  it('kernels that were never measured are an error in every phase', async () => {
    for (const phase of ['measure', 'build', 'evaluate']) {
      const { exitCode, stderr } = await project.start('--phase', phase, '--kernel', 'plus_one,other')
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/other, which --kernel names/)])
    }
  })
})
