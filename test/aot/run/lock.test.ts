/** One writer at a time; the dead do not count. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs, { existsSync, mkdirSync, rmdirSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { acquireLock, isAlive } from '../../../src/aot/run/lock.ts'
import { DataError } from '../../../src/support/errors.ts'
import { temporaryFolder } from '../../temporary_folder.ts'

const CHILD = fileURLToPath(new URL('./children/holds_lock.ts', import.meta.url))
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A process that holds the lock. */
async function holder(path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  if (child.stdout) await once(child.stdout, 'data')
  return child
}

function quick(path: string, waitMs = 0) {
  return acquireLock(path, { what: 'the run r1', waitMs, onWait: () => {} })
}

describe('acquireLock', () => {
  it('keeps a second writer out, whom it tells about the first', async () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    const child = await holder(path)
    const error = await quick(path).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(DataError)
    expect((error as Error).message).toBe(
      `the run r1 is in use by process ${child.pid} on ${hostname()}\n` +
        `  Wait until it is done, or end it. If it is gone already, remove ${path}.lock.`,
    )
  })

  it('waits for an owner that finishes', async () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    const child = await holder(path)
    const waits: string[] = []
    const onWait = (owner: string) => {
      waits.push(owner)
      child.stdin?.write('release\n')
    }
    await (await acquireLock(path, { what: 'x', waitMs: 600_000, onWait })).release()
    expect(waits).toEqual([`process ${child.pid} on ${hostname()}`])
  })

  it('takes over at once from a process that was killed', async () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    const child = await holder(path)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const lock = await quick(path, 600_000)
    await lock.release()
    expect(existsSync(`${path}.lock`)).toBe(false)
    expect(existsSync(`${path}.owner`)).toBe(false)
  })

  it('does not take a lock whose owner has had no time to say who it is', async () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    const gone = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
    await once(gone, 'exit')
    writeFileSync(`${path}.owner`, JSON.stringify({ pid: gone.pid, host: hostname() }))
    mkdirSync(`${path}.lock`)
    // No time passes, however slow the machine is, until it has.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    onTestFinished(() => void vi.useRealTimers())
    const onWait = () => {
      writeFileSync(`${path}.owner`, JSON.stringify({ pid: process.pid, host: hostname() }))
      vi.setSystemTime(Date.now() + 2000)
    }
    const refused = acquireLock(path, { what: 'the run r1', waitMs: 0, onWait })
    await expect(refused).rejects.toThrow(`is in use by process ${process.pid} on`)
    expect(existsSync(`${path}.lock`)).toBe(true)
  })

  it('takes over from a process that was killed a moment ago', async () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    const child = await holder(path)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const now = new Date()
    utimesSync(`${path}.lock`, now, now)
    await (await quick(path)).release()
  })

  it('takes over from an owner that ended before it said who it is', async () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    mkdirSync(`${path}.lock`)
    const old = new Date(Date.now() - 6_000)
    utimesSync(`${path}.lock`, old, old)
    const waits: string[] = []
    const lock = await acquireLock(path, { what: 'x', waitMs: 0, onWait: (owner) => waits.push(owner) })
    await lock.release()
    expect(waits).toEqual([])
  })

  it('takes over from an owner elsewhere that has given no sign of life', async () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    writeFileSync(`${path}.owner`, JSON.stringify({ pid: 1, host: 'another.example' }))
    mkdirSync(`${path}.lock`)
    const old = new Date(Date.now() - 60_000)
    utimesSync(`${path}.lock`, old, old)
    await (await quick(path)).release()
  })

  it('is taken over by one process at a time', async () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    mkdirSync(`${path}.lock`)
    const old = new Date(Date.now() - 6_000)
    utimesSync(`${path}.lock`, old, old)
    mkdirSync(`${path}.takeover`)
    let left = false
    const onWait = () => {
      // Another process had seen the same, and has made a lock of its own meanwhile.
      left = existsSync(`${path}.lock`)
      writeFileSync(`${path}.owner`, JSON.stringify({ pid: process.pid, host: hostname() }))
      rmdirSync(`${path}.takeover`)
    }
    const refused = acquireLock(path, { what: 'the run r1', waitMs: 0, onWait })
    await expect(refused).rejects.toThrow(`is in use by process ${process.pid} on`)
    expect([left, existsSync(`${path}.lock`)]).toEqual([true, true])
  })

  it('is taken over also where a process was ended while it did that', async () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    const old = new Date(Date.now() - 6_000)
    for (const folder of [`${path}.lock`, `${path}.takeover`]) {
      mkdirSync(folder)
      utimesSync(folder, old, old)
    }
    await (await quick(path, 600_000)).release()
    expect(existsSync(`${path}.takeover`)).toBe(false)
  })

  it("is never old without a name, and its name is nobody else's", async () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    const lock = await quick(path)
    const old = new Date(Date.now() - 60_000)
    utimesSync(`${path}.lock`, old, old)
    const ages: number[] = []
    const remove = fs.rmSync
    vi.spyOn(fs, 'rmSync').mockImplementation((...args) => {
      ages.push(Date.now() - fs.statSync(`${path}.lock`).mtimeMs)
      remove(...args)
    })
    onTestFinished(() => void vi.restoreAllMocks())
    await lock.release()
    expect(ages).toHaveLength(1)
    expect(Math.max(...ages)).toBeLessThan(5000)
    vi.restoreAllMocks()
    const again = await quick(path)
    writeFileSync(`${path}.owner`, JSON.stringify({ pid: 1, host: 'another.example' }))
    await again.release()
    expect(existsSync(`${path}.owner`)).toBe(true)
  })

  it('can be taken again after it was given back', async () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    for (let i = 0; i < 3; i++) await (await quick(path)).release()
  })
})

it('isAlive knows this process and one that ended', async () => {
  expect(isAlive(process.pid)).toBe(true)
  const gone = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(gone, 'exit')
  expect(isAlive(gone.pid ?? 0)).toBe(false)
})

it.runIf(existsSync('/proc/self/stat'))(
  'isAlive does not count a process nobody asked about its end',
  async () => {
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    children.push(parent)
    const [pid] = await once(parent.stdout, 'data')
    await expect.poll(() => isAlive(Number(pid))).toBe(false)
  },
)
