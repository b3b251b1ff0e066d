/** What an author reads after a mistake: the text of the error, and a check that it points at the author's line. */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { KernelFunction } from '../../src/language/trace_kernel.ts'
import { AuthorError } from '../../src/support/errors.ts'
import { type Argument, type RunOptions, traced } from './harness.ts'

/** Ends the line that an error must point at. */
const MARK = /\/\/ ✗$/

/** The error of tracing `fn`, as "what / remedy"; its place must be a line of the test that ends in the mark. */
export function mistake(fn: KernelFunction, args: readonly Argument[], options: RunOptions = {}): string {
  return authorError(() => traced(fn, args, options))
}

/** Likewise for the error of any call. */
export function authorError(body: () => unknown): string {
  const error = thrownBy(body)
  expect(error).toBeInstanceOf(AuthorError)
  if (!(error instanceof AuthorError)) throw error
  expect(sourceLine(error), `the line of: ${error.message}`).toMatch(MARK)
  return [error.what, ...(error.remedy ? [error.remedy] : [])].join('\n')
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

function sourceLine({ location }: AuthorError): string | undefined {
  if (!location) return undefined
  return readFileSync(location.file, 'utf8').split('\n')[location.line - 1]
}
