/** Shows what a program tells of its progress in its status file, until it ends. */
import { rmSync } from 'node:fs'
import { readTold } from '../aot/run/status_file.ts'
import type { Console } from './console.ts'

const PAUSE_MS = 200

/** The returned function ends it, and answers with why the program ended early, if it told that. */
export function followStatus(file: string, console: Console): () => string | undefined {
  rmSync(file, { force: true })
  const show = (): string | undefined => {
    const told = readTold(file)
    if (told && 'endedEarly' in told) return told.endedEarly
    if (told) console.status(told)
    return undefined
  }
  const timer = setInterval(show, PAUSE_MS)
  return () => {
    clearInterval(timer)
    const early = show()
    console.status(undefined)
    rmSync(file, { force: true })
    return early
  }
}
