/**
 * Calls of a phase that wait for their shape to be worked on. A program that ends by itself while there are
 * any (`process.exit()` behind the last call) fails, and is told why. Node only.
 */
import { EXIT } from '../../support/errors.ts'
import { createLog, LOG_LEVELS } from '../../support/log.ts'
import { nodeProcess } from '../../support/node.ts'
import { tellEarlyEnd } from './status_file.ts'

const waiting = new Set<string>()
let watches = false

/** Work on this shape of a kernel waits, until `finished` is called with the same key. */
export function unfinished(key: string): void {
  waiting.add(key)
  if (watches) return
  watches = true
  nodeProcess?.on('exit', reportUnfinished)
}

export function finished(key: string): void {
  waiting.delete(key)
}

function reportUnfinished(code: number): void {
  const process = nodeProcess
  if (code !== EXIT.done || waiting.size === 0 || !process) return
  process.exitCode = EXIT.unexpected
  const shapes = waiting.size === 1 ? '1 shape' : `${waiting.size} shapes`
  const what = `the program exited by itself while ${shapes} waited to be worked on`
  tellEarlyEnd(what)
  const remedy = 'Wait for results before the program ends: await tensor.data(), or await device.sync().'
  createLog(LOG_LEVELS.info).error(`helion-aot: ${what}\n  ${remedy}`)
}
