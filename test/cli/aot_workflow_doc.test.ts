/** docs/aot_workflow.md is true: its tables are complete, its code compiles, its module loads. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runFiles, WORK_PHASES } from '../../src/aot/run/run_folder.ts'
import type { AotWarning } from '../../src/aot/warnings.ts'
import { deviceFamilies } from '../../src/heuristics/device_family.ts'
import { EXIT } from '../../src/support/errors.ts'
import { SETTINGS } from '../../src/support/settings_table.ts'
import { runModule } from '../aot/evaluate/run_module.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { runMain } from './recorded_console.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(join(ROOT, 'docs/aot_workflow.md'), 'utf8')
const WARNINGS: Readonly<Record<AotWarning, true>> = {
  NoAOTHeuristicWarning: true,
  StaleAOTHeuristicWarning: true,
  BrokenAOTHeuristicWarning: true,
  AOTFallbackWarning: true,
}

/** The part of the page under a heading. */
function section(heading: string): string {
  const [, text] = PAGE.split(`\n## ${heading}\n`)
  if (text === undefined) throw new Error(`the page has no heading ${heading}`)
  return text.split('\n## ')[0] ?? ''
}

/** First cells of the rows of tables, without their heads. */
function rowNames(text: string): readonly string[] {
  const rows = text.split('\n').filter((line) => line.startsWith('| `'))
  return rows.map((line) => line.split('|')[1]?.trim() ?? '')
}

/** Names of flags: `--phase`, `-k`. */
function flagsIn(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.match(/(?<![\w-])--?[a-zA-Z][\w-]*/g) ?? []).sort()
}

async function flagsOfHelp(...command: readonly string[]): Promise<readonly string[]> {
  const { out } = await runMain(...command, '--help')
  const options = out.split(/^Options:$/m)[1]?.split(/^\S/m)[0] ?? ''
  const heads = options.split('\n').map((line) => /^ {2}(-\S.*?)(?: {2,}|$)/.exec(line)?.[1] ?? '')
  return flagsIn(heads)
}

describe('docs/aot_workflow.md', () => {
  it('describes every flag, and none that does not exist', async () => {
    const [run = '', build = ''] = section('Flags').split('`npx helion-aot build')
    expect(flagsIn(rowNames(run))).toEqual(await flagsOfHelp())
    const ofBuild = (await flagsOfHelp('build')).filter((flag) => flag !== '--help' && flag !== '-h')
    const names = flagsIn(rowNames(run))
    const between = names.filter((flag) => ofBuild.includes(flag))
    expect([...between, ...flagsIn(rowNames(build))].sort()).toEqual(ofBuild)
  })

  it('names no flag elsewhere that does not exist', async () => {
    const known = [...(await flagsOfHelp()), ...(await flagsOfHelp('build')), '--fast']
    const commands = PAGE.match(/npx helion-aot[^`\n]*?(?= -- |`|\n)/g) ?? []
    expect(commands.length).toBeGreaterThan(8)
    for (const command of commands) expect(known).toEqual(expect.arrayContaining([...flagsIn([command])]))
  })

  it('describes every file of a run', () => {
    const files = runFiles('/run', '<hw>')
    const names = [
      ...[files.records, files.tunedConfigs, files.measurements, files.summary, files.evaluation],
      ...[files.metadata, 'report.html'],
    ].map((path) => basename(path))
    const logs = [basename(files.trace), '<phase>_<hw>.log'].map((name) => `logs/${name}`)
    expect(WORK_PHASES.map((phase) => basename(files.log(phase)))).toContain('collect_<hw>.log')
    const described = rowNames(section('The folder of a run')).map((name) => name.replaceAll('`', ''))
    expect([...described].sort()).toEqual([...names, ...logs].sort())
  })

  it('describes every exit code', () => {
    const codes = section('Exit codes').match(/^\| ([\d, ]+) \|/gm) ?? []
    expect(codes.join('').match(/\d+/g)).toEqual([...Object.values(EXIT), 130, 143].map(String))
  })

  it('names variables and warnings as they are', () => {
    const known = Object.values(SETTINGS).flatMap(({ env }) => env ?? [])
    const elsewhere = ['HELION_ADAPTER']
    expect([...new Set(PAGE.match(/HELION_[A-Z_]+/g))].filter((name) => !known.includes(name))).toEqual(
      elsewhere,
    )
    const described = rowNames(section('Without the command')).map((name) => name.replaceAll('`', ''))
    expect(described).toEqual(
      expect.arrayContaining(known.filter((name) => /HELION_(AOT|HEURISTIC)/.test(name))),
    )
    expect([...new Set(PAGE.match(/\w+Warning\b/g))].sort()).toEqual(Object.keys(WARNINGS).sort())
  })

  it('tells families of devices as they are found', () => {
    const traits = {
      subgroupSize: 32,
      shaderF16: true,
      maxWorkgroupInvocations: 256,
      maxWorkgroupBytes: 16384,
    }
    const rows = section('Which module serves').match(/^\| (\w+), (.*?) \| (.*) \|$/gm) ?? []
    expect(rows).toHaveLength(5)
    for (const row of rows) {
      const [, vendor = '', device = '', list = ''] = /^\| (\w+), (.*?) \| (.*) \|$/.exec(row) ?? []
      const info = { vendor, device, architecture: '', description: '' }
      const families = list.match(/webgpu_\w+/g) ?? []
      expect(deviceFamilies(info, traits).slice(0, families.length)).toEqual(families)
    }
  })

  it('shows a module that is one', () => {
    const [, name = '', text = ''] = /^<!-- file: (\S+) -->\n```ts\n([\s\S]*?)^```$/m.exec(PAGE) ?? []
    const { autotune, configs } = runModule(text, 'softmax', name)
    expect([100, 4096, 1_000_000].map((n) => autotune({ shape: [8, n], dtype: 'f32' }))).toEqual([
      configs[0],
      configs[1],
      configs[1],
    ])
  })

  it('shows code that compiles', () => {
    const folder = temporaryFolder()
    const blocks = [...PAGE.matchAll(/^(?:<!-- file: (\S+) -->\n)?```ts\n([\s\S]*?)^```$/gm)]
    expect(blocks).toHaveLength(4)
    for (const [index, [, name, text = '']] of blocks.entries())
      writeFileSync(join(folder, name ?? `block_${index}.ts`), text)
    const config = {
      extends: join(ROOT, 'tsconfig.users.json'),
      compilerOptions: {
        paths: { 'helion-aot': [join(ROOT, 'src/index.ts')] },
        typeRoots: [join(ROOT, 'node_modules/@types'), join(ROOT, 'node_modules')],
      },
      include: ['*.ts'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    expect(spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' }).stdout).toBe('')
  })
})
