/** The process for trials ends with its program, whatever ends that, and leaves no file behind. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, it, vi } from 'vitest'

const PROGRAM = join(import.meta.dirname, 'children', 'isolated_program.ts')

interface Said {
  readonly status: string
  readonly pid: number
  readonly file: string
}

function start(how: string) {
  return execa(process.execPath, ['--import', import.meta.resolve('tsx'), PROGRAM, how], { reject: false })
}

async function firstLine({ stdout }: ReturnType<typeof start>): Promise<Said> {
  const [line] = await once(stdout, 'data')
  return JSON.parse(String(line)) as Said
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function expectNothingLeft({ status, pid, file }: Said): Promise<void> {
  expect([status, pid, file]).toEqual(['ok', expect.any(Number), expect.stringMatching(/.+/)])
  await vi.waitFor(() => expect([runs(pid), existsSync(file)]).toEqual([false, false]), { timeout: 600_000 })
}

it('when the program is done', async () => {
  const program = start('ends')
  const said = await firstLine(program)
  expect((await program).exitCode).toBe(0)
  await expectNothingLeft(said)
})

it.each(['stays', 'stuck'])('when the program is killed while it %s', async (how) => {
  const program = start(how)
  const said = await firstLine(program)
  expect(runs(said.pid)).toBe(true)
  // Long enough for a config that blocks its thread to be on its way.
  if (how === 'stuck') await new Promise((resolve) => setTimeout(resolve, 1000))
  program.kill('SIGKILL')
  await program
  await expectNothingLeft(said)
})
