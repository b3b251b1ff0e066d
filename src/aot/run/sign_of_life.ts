/**
 * What a program under the command line promises it while configs are tried: a sign of life every few
 * seconds, in a small file whose name it was given. A program that breaks its promise is stuck for good (in
 * an endless loop, in a driver), and is ended from outside: nothing inside it can. Node only.
 */
import { writeText } from '../../support/files.ts'
import { environment } from '../../support/node.ts'
import type { Settings } from '../../support/settings.ts'

/** Set by the command line: the file. */
export const LIFE_FILE = 'HELION_AOT_LIFE_FILE'

const BEAT_MS = 1000
/** Over and above twice what a config may take, since user code and the interpreter block the thread too. */
const GRACE_SECONDS = 10

let promised: number | undefined
let beats = 0
let timer: ReturnType<typeof setInterval> | undefined

/** For so long a program may be silent while it tries configs. */
export function silenceSeconds(settings: Settings): number {
  return 2 * (settings.autotuneCompileTimeout + settings.autotuneBenchmarkTimeout) + GRACE_SECONDS
}

/** From now on there is a sign of life at least every so many seconds; undefined: none is promised. */
export function promiseLife(seconds: number | undefined): void {
  if (seconds === promised || !environment(LIFE_FILE)) return
  promised = seconds
  clearInterval(timer)
  tell()
  if (seconds === undefined) return
  timer = setInterval(tell, BEAT_MS)
  timer.unref()
}

function tell(): void {
  try {
    writeText(environment(LIFE_FILE) ?? '', promised === undefined ? '' : `${promised} ${beats++}`)
  } catch {
    // The work does not depend on it.
  }
}
