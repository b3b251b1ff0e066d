/**
 * Takes the lock beside argv[2], says so, and keeps it until it is killed or, with `release`, told to on
 * stdin.
 */
import { acquireLock } from '../../../../src/aot/run/lock.ts'

const lock = await acquireLock(process.argv[2] ?? '', { what: 'the run', waitMs: 10_000, onWait: () => {} })
console.log('locked')
process.stdin.once('data', async () => {
  await lock.release()
  process.exit(0)
})
