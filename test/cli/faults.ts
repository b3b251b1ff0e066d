/**
 * Ordinary faults of a bad day, through the real command: each ends with its exit code and a sentence that
 * says what, where and the way out; never with a stack, and nothing outside the project is touched. The
 * tables of faults are in the tests.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EXIT } from '../../src/support/errors.ts'
import { kernelRecord, measured, RUN } from '../aot/run/records_for_tests.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { type CommandOptions, runCommand } from './command.ts'

/** A project of one fault; paths in it are joined from their parts. */
export class Place {
  readonly root: string = temporaryFolder()
  readonly project: string = join(this.root, 'project')

  constructor() {
    mkdirSync(this.project)
    writeFileSync(join(this.root, 'outside'), 'as it was')
  }

  path(...parts: readonly string[]): string {
    return join(this.project, ...parts)
  }
  folder(...parts: readonly string[]): void {
    mkdirSync(this.path(...parts), { recursive: true })
  }
  file(text: string, ...parts: readonly string[]): void {
    this.folder(...parts.slice(0, -1))
    writeFileSync(this.path(...parts), text)
  }
  link(to: string, ...parts: readonly string[]): void {
    this.folder(...parts.slice(0, -1))
    symlinkSync(to, this.path(...parts))
  }

  /** The run `r`, with measurements of these kernels, whose sources stand in folders of their names. */
  run(...kernels: readonly string[]): void {
    const lines = kernels.flatMap((kernel) => [
      kernelRecord(kernel, 'v1', this.path(kernel, 'k.ts')),
      ...[64, 256].flatMap((size) => [
        measured(kernel, size, { num_warps: 4 }, 1),
        measured(kernel, size, { num_warps: 8 }, 2),
      ]),
    ])
    const text = [RUN, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('')
    this.file(text, '.helion_aot', 'r', 'records_webgpu_test_1.0.jsonl')
    for (const kernel of kernels) this.file('', kernel, 'k.ts')
  }
}

export interface Fault {
  readonly arrange?: (at: Place) => void
  readonly args: readonly string[]
  readonly options?: Partial<CommandOptions>
  readonly code: number
  /** Parts of what is said; `…` stands for the project. */
  readonly says: readonly string[]
}

/** A command that calls no kernel. */
export const NOTHING: readonly string[] = ['--', 'node', '-e', '0']
export const BUILD_R: readonly string[] = ['--run-id', 'r', '--phase', 'build']
export const RECORDS: readonly string[] = ['.helion_aot', 'r', 'records_webgpu_test_1.0.jsonl']
export const BUILD: readonly string[] = ['build', '--measurements', join(...RECORDS)]

/** The test of a fault. */
export function expectSentence(_name: string, fault: Fault): void {
  it('is told', () => {
    const at = new Place()
    fault.arrange?.(at)
    const { code, out, err } = runCommand(fault.args, { cwd: at.project, ...fault.options })
    const text = err.replaceAll(at.project, '…')
    for (const part of fault.says) expect(text).toContain(part)
    expect(code).toBe(fault.code)
    if (code !== EXIT.done && code !== EXIT.goalMissed) expect(text).toMatch(/\n {2}\S/)
    expect(new Set(text.match(/^helion-aot: .*/gm)).size).toBe(text.match(/^helion-aot: .*/gm)?.length ?? 0)
    expect(out + err).not.toMatch(/^ +at |this is a bug|Error:/m)
    expect(readdirSync(at.root).sort()).toEqual(['outside', 'project'])
    expect(readFileSync(join(at.root, 'outside'), 'utf8')).toBe('as it was')
    rmSync(at.root, { recursive: true })
  })
}
