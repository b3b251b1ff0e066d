/** A user's project in a folder of its own: a kernel, a program that calls it, and `helion-aot` for it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa, type ResultPromise } from 'execa'
import { fileLines } from '../../src/aot/lines.ts'
import { type AotRecord, readRecords } from '../../src/aot/records.ts'
import { hardwareIdsIn, type RunFiles, runFiles } from '../../src/aot/run/run_folder.ts'
import { BIN, PACKAGE } from '../built_package.ts'
import { temporaryFolder } from '../temporary_folder.ts'

/** Searches of a few configs; the times of nothing in particular. */
const KERNEL = `
import { aotKernel, hl } from '${PACKAGE}'
export const plus_one = aotKernel(
  {
    source: import.meta.url,
    autotuneConfigOverrides: { num_warps: 2, pid_type: 'flat', num_sm_multiplier: 1, indexing: 'pointer' },
    autotuneRandomSeed: 1,
    autotuneMaxGenerations: 1,
    autotuneFinalTargetMs: 4,
    autotuneFinishingRounds: 0,
  },
  function plus_one(x) {
    const out = hl.emptyLike(x)
    for (const tile of hl.tile(x.shape[0])) out.at(tile).set(x.at(tile).add(1))
    return out
  },
)
`
const PROGRAM = `
import { appendFileSync } from 'node:fs'
import { ones } from '${PACKAGE}'
import { plus_one } from './kernel.js'
appendFileSync(new URL('./pids', import.meta.url), process.pid + '\\n')
for (const size of [64, 300, 2000]) {
  const values = await plus_one(ones([size])).data()
  console.log(size, values.length === size && values.every((value) => value === 2) ? 'right' : 'WRONG')
}
`
export const COMMAND: readonly string[] = ['node', 'bench.js']
/** A goal that no noise misses. */
const FLAGS: readonly string[] = ['--effort', 'quick', '--threshold', '1000']

export class Project {
  readonly folder: string = temporaryFolder()
  readonly #run: string

  /** All starts of the command line are about the run of this name. */
  constructor(run: string) {
    this.#run = run
    writeFileSync(join(this.folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(this.folder, 'kernel.js'), KERNEL)
    writeFileSync(join(this.folder, 'bench.js'), PROGRAM)
  }

  /** Changes a file of the project. Throws Error when that changes nothing. */
  edit(file: string, change: (text: string) => string): void {
    const path = join(this.folder, file)
    const text = readFileSync(path, 'utf8')
    const changed = change(text)
    if (changed === text) throw new Error(`${file} is what it was`)
    writeFileSync(path, changed)
  }

  /** Starts the command line for the project's run. */
  start(...args: readonly string[]): ResultPromise<{ reject: false }> {
    const flags = [...FLAGS, '--run-id', this.#run, ...args]
    return execa(process.execPath, [BIN, ...flags, '--', ...COMMAND], this.#options())
  }

  /** Runs the program as in production. */
  program(env: Readonly<Record<string, string>> = {}): ResultPromise<{ reject: false }> {
    const [file = '', ...args] = COMMAND
    return execa(file, args, this.#options(env))
  }

  get files(): RunFiles {
    const run = join(this.folder, '.helion_aot', this.#run)
    return runFiles(run, hardwareIdsIn(run)[0] ?? '')
  }

  /** What is recorded so far; lines that are being written are left out. */
  get records(): readonly AotRecord[] {
    const { records } = this.files
    return readRecords(fileLines(records), records).records
  }

  /** Of all programs that the command line and `program` started, the latest last. */
  get pids(): readonly number[] {
    const path = join(this.folder, 'pids')
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(Number) : []
  }

  /** Without further shapes: how many there are depends on how long tuning takes. */
  #options(own: Readonly<Record<string, string>> = {}) {
    const env = { HELION_AOT_DENSIFY: '0', ...own }
    return { cwd: this.folder, env, reject: false, stripFinalNewline: false } as const
  }
}

/** It may have ended by itself a moment ago. */
export function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
