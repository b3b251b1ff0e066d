/** Watches over the signs of life that a program promises in a file while it tries configs. */
import { rmSync } from 'node:fs'
import { readText } from '../support/files.ts'

const CHECK_MS = 500

/**
 * Calls `stuck` once the program was silent for longer than it promised; the returned function ends it.
 * Counts its own checks, not the time: a computer that sleeps puts both to sleep.
 */
export function watchLife(file: string, stuck: (seconds: number) => void): () => void {
  rmSync(file, { force: true })
  let last = ''
  let silentChecks = 0
  const timer = setInterval(() => {
    const text = latest(file)
    silentChecks = text === last ? silentChecks + 1 : 0
    last = text
    const seconds = Number.parseFloat(text)
    if (silentChecks * CHECK_MS > seconds * 1000) {
      clearInterval(timer)
      stuck(seconds)
    }
  }, CHECK_MS)
  return () => {
    clearInterval(timer)
    rmSync(file, { force: true })
  }
}

/** Empty when nothing is promised, or while it is being written. */
function latest(file: string): string {
  try {
    return readText(file)
  } catch {
    return ''
  }
}
