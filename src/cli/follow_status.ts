/** Shows what a program tells of its progress in its status file, until it ends. */
import { rmSync } from 'node:fs'
import { readText } from '../support/files.ts'
import type { Console } from './console.ts'

const PAUSE_MS = 200

/** The returned function ends it, and answers with what the program told last. */
export function followStatus(file: string, console: Console): () => string {
  rmSync(file, { force: true })
  const timer = setInterval(() => console.status(latest(file)), PAUSE_MS)
  return () => {
    clearInterval(timer)
    const last = latest(file)
    console.status('')
    rmSync(file, { force: true })
    return last
  }
}

/** Empty when nothing was told yet, or while it is being written. */
function latest(file: string): string {
  try {
    return readText(file).trim()
  } catch {
    return ''
  }
}
