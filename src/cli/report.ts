/**
 * Errors as messages and exit codes. What is neither deliberate, nor of the file system, nor of an
 * installation with holes is a bug.
 */
import { DataError, EXIT, errorMessage, HelionError } from '../support/errors.ts'
import { fileError } from '../support/file_errors.ts'
import type { Console } from './console.ts'

/** Says what went wrong; the exit code. */
export function report(error: unknown, { say, colors }: Console): number {
  const details = error instanceof Error ? error.stack : undefined
  const text = known(error)?.message ?? `this is a bug: ${details ?? errorMessage(error)}`
  say(`${colors.red('helion-aot:')} ${text}`)
  return exitCodeOf(error)
}

/** What the command line ends with when this escapes. */
export function exitCodeOf(error: unknown): number {
  return known(error)?.exitCode ?? EXIT.unexpected
}

function known(error: unknown): HelionError | undefined {
  return error instanceof HelionError ? error : (fileError(error) ?? loadError(error))
}

/** No program of the user's is loaded here: what is missing is a part of this package or of what it needs. */
function loadError(error: unknown): HelionError | undefined {
  if ((error as Partial<NodeJS.ErrnoException> | undefined)?.code !== 'ERR_MODULE_NOT_FOUND') return undefined
  return new DataError(`this package cannot be loaded: ${errorMessage(error)}`, {
    remedy: 'Install it again; where only few files may be open, raise the limit (`ulimit -n`).',
  })
}
