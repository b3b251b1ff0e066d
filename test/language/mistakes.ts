/**
 * What an author reads after a mistake: the text of the error, and a check that it points at the author's
 * line.
 */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { AuthorError } from '../../src/support/errors.ts'
import { type Argument, type RunOptions, traced } from './harness.ts'

/** Ends the line that an error must point at, or stands below it. */
const MARK = /\/\/ ✗$|\n *\/\/ ✗$/

/**
 * The error of tracing `fn`: what happened, then the remedy. Its place must be a line of the test with the
 * mark.
 */
export function mistake(fn: KernelFunction, args: readonly Argument[], options: RunOptions = {}): string {
  return authorError(() => traced(fn, args, options))
}

/** Likewise for the error of any call. */
export function authorError(body: () => unknown): string {
  const error = thrownBy(body)
  expect(error).toBeInstanceOf(AuthorError)
  if (!(error instanceof AuthorError)) throw error
  expect(sourceLine(error), `the line of: ${error.message}`).toMatch(MARK)
  return [error.what, ...(error.remedy ? [error.remedy] : [])].map(wrap).join('\n')
}

/** Lines of at most 90 characters, so that snapshots stay readable. */
function wrap(text: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line.length + word.length < 90) lines.push(`${lines.pop()}${line ? ' ' : ''}${word}`)
    else lines.push(word)
  }
  return lines.join('\n  ')
}

/** What `body` throws. */
export function thrownBy(body: () => unknown): unknown {
  try {
    body()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

function sourceLine({ location }: AuthorError): string {
  if (!location) return 'no place'
  const lines = readFileSync(location.file, 'utf8').split('\n')
  const [line = '', next = ''] = lines.slice(location.line - 1, location.line + 1)
  return next.trim() === '// ✗' ? `${line}\n${next}` : line
}
