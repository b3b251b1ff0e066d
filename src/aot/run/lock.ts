/**
 * Keeps two writers of one run apart. A lock of a process that died is taken over: at once when it ran on
 * this machine, after a while without a sign of life otherwise. Node only.
 */
import type * as ProperLockfile from 'proper-lockfile'
import { DataError, errorMessage } from '../../support/errors.ts'
import { readText, writeText } from '../../support/files.ts'
import { parseJson } from '../../support/json.ts'
import { importNodePackage, nodeProcess, requireNode } from '../../support/node.ts'

export interface LockOptions {
  /** What is locked, for messages. */
  readonly what: string
  /** Milliseconds to wait for a living owner. */
  readonly waitMs: number
  /** Told once when there is something to wait for. */
  readonly onWait: (owner: string) => void
}

export interface HeldLock {
  release(): Promise<void>
}

interface Owner {
  readonly pid: number
  readonly host: string
}

/** Without a sign of life for so long an owner elsewhere counts as dead. */
const STALE_MS = 30_000
const POLL_MS = 200
/** A lock this young may be another's, whose name is not written yet. */
const FRESH_MS = 500
/** An owner says who it is at once: one that has not done so for so long ended before it could. */
const NAMELESS_MS = 5_000

/** The lock beside `path`, which need not exist. Rejects with DataError when another process keeps it. */
export async function acquireLock(path: string, options: LockOptions): Promise<HeldLock> {
  const { lock } = await loadLocks()
  const begin = Date.now()
  for (let waited = false; ; waited = true) {
    try {
      const release = await lock(path, {
        realpath: false,
        stale: STALE_MS,
        onCompromised: (error) => lost(options.what, error),
      })
      return own(path, release)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error
    }
    checkLock(path, options.what)
    if (isLeftBehind(path) && takeAway(path)) continue
    const owner = readOwner(path)
    if (Date.now() - begin > waitFor(owner, options.waitMs)) throw inUse(path, options.what, owner)
    if (!waited) options.onWait(describe(owner))
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/**
 * The package ends the process at any signal that only it listens to, also where a file would be larger than
 * is allowed: that is an error of the write like others, which says which file.
 */
async function loadLocks(): Promise<typeof ProperLockfile> {
  const module = await importNodePackage<{ default: typeof ProperLockfile }>('proper-lockfile')
  if (!nodeProcess?.listeners('SIGXFSZ').includes(goOn)) nodeProcess?.on('SIGXFSZ', goOn)
  return module.default
}

function goOn(): void {}

function own(path: string, release: () => Promise<void>): HeldLock {
  const fs = requireNode('fs', 'locking a run')
  const owner: Owner = { pid: nodeProcess?.pid ?? 0, host: hostname() }
  writeText(ownerFile(path), JSON.stringify(owner))
  const forget = (): void => {
    if (readOwner(path)?.pid !== owner.pid) return
    // Without a name for a moment, and as if it were new: nobody takes it for one that was left behind.
    try {
      fs.utimesSync(`${path}.lock`, new Date(), new Date())
    } catch {
      // It is gone.
    }
    fs.rmSync(ownerFile(path), { force: true })
  }
  nodeProcess?.once('exit', forget)
  return {
    async release() {
      nodeProcess?.off('exit', forget)
      forget()
      await release().catch(() => {})
    },
  }
}

/** Of an owner elsewhere, only the time of the last sign of life can tell. */
function waitFor(owner: Owner | undefined, waitMs: number): number {
  if (!owner) return Math.max(waitMs, NAMELESS_MS + 5 * POLL_MS)
  if (isDead(owner)) return Math.max(waitMs, FRESH_MS + 5 * POLL_MS)
  return owner.host === hostname() ? waitMs : Math.max(waitMs, STALE_MS + 5 * POLL_MS)
}

function readOwner(path: string): Owner | undefined {
  try {
    const { pid, host } = parseJson(readText(ownerFile(path))) as Partial<Owner>
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host } : undefined
  } catch {
    return undefined
  }
}

function isDead({ pid, host }: Owner): boolean {
  return host === hostname() && !isAlive(pid)
}

/** Whether a process of this machine runs. */
export function isAlive(pid: number): boolean {
  try {
    nodeProcess?.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether a process has ended and only waits to be forgotten, which may take long in containers. */
function isZombie(pid: number): boolean {
  try {
    const stat = readText(`/proc/${pid}/stat`)
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return false
  }
}

/** Milliseconds since a folder was made or touched; 0 where it does not exist. */
function ageOf(folder: string): number {
  const stat = requireNode('fs', 'locking a run').statSync(folder, { throwIfNoEntry: false })
  return stat ? Date.now() - stat.mtimeMs : 0
}

/** A lock is a folder: what else is there nobody will ever take away. */
function checkLock(path: string, what: string): void {
  const stat = requireNode('fs', 'locking a run').lstatSync(`${path}.lock`, { throwIfNoEntry: false })
  if (!stat || stat.isDirectory()) return
  throw new DataError(
    `cannot lock ${what}: ${path}.lock is no folder, as a lock is, and not made by helion-aot`,
    {
      remedy: 'Remove or rename it.',
    },
  )
}

/** Whether the owner of a lock has ended, or never said who it is. */
function isLeftBehind(path: string): boolean {
  const owner = readOwner(path)
  return ageOf(`${path}.lock`) > (owner ? FRESH_MS : NAMELESS_MS) && (!owner || isDead(owner))
}

/**
 * Removes a lock that was left behind; false where another process is about to. One at a time, and each looks
 * again: the one before may have removed it and made its own.
 */
function takeAway(path: string): boolean {
  const fs = requireNode('fs', 'locking a run')
  const guard = `${path}.takeover`
  try {
    fs.mkdirSync(guard)
  } catch {
    if (ageOf(guard) > NAMELESS_MS) fs.rmSync(guard, { recursive: true, force: true })
    return false
  }
  try {
    if (!isLeftBehind(path)) return false
    fs.rmSync(ownerFile(path), { force: true })
    fs.rmSync(`${path}.lock`, { recursive: true, force: true })
    return true
  } finally {
    fs.rmSync(guard, { recursive: true, force: true })
  }
}

function inUse(path: string, what: string, owner: Owner | undefined): DataError {
  return new DataError(`${what} is in use by ${describe(owner)}`, {
    remedy: `Wait until it is done, or end it. If it is gone already, remove ${path}.lock.`,
  })
}

function describe(owner: Owner | undefined): string {
  return owner ? `process ${owner.pid} on ${owner.host}` : 'another process'
}

function ownerFile(path: string): string {
  return `${path}.owner`
}

function hostname(): string {
  return requireNode('os', 'locking a run').hostname()
}

/** Another process took the lock over, which it only does when this one seemed dead: two must not go on. */
function lost(what: string, error: Error): never {
  throw new DataError(`the lock of ${what} was lost: ${errorMessage(error)}`)
}
