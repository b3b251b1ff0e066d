/**
 * Messages for people, on stderr (the console in browsers). Data for machines never passes here.
 * Levels follow Python's logging numbers, because HELION_AUTOTUNE_LOG_LEVEL speaks them.
 */
import { nodeProcess } from './node.ts'

/** Levels by name, with Python's numbers. */
export const LOG_LEVELS = { debug: 10, info: 20, warning: 30, error: 40, silent: 100 } as const
export type LogLevel = keyof typeof LOG_LEVELS

const CONSOLE = { debug: 'debug', info: 'info', warning: 'warn', error: 'error', silent: 'debug' } as const

export interface Log {
  debug(text: string): void
  info(text: string): void
  warning(text: string): void
  error(text: string): void
}

/** A log that drops everything below `threshold` (a number of LOG_LEVELS). */
export function createLog(threshold: number, write: (line: string, level: LogLevel) => void = say): Log {
  const at = (level: LogLevel) => (text: string) => {
    if (LOG_LEVELS[level] >= threshold) write(text, level)
  }
  return { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error') }
}

const warned = new Set<string>()

/** Prints a warning once per process and key. */
export function warnOnce(key: string, text: string): void {
  if (warned.has(key)) return
  warned.add(key)
  say(text, 'warning')
}

/** Forgets which warnings were printed. For tests. */
export function resetWarnings(): void {
  warned.clear()
}

/** Prints text for people; a page's console shows it by its level. */
export function say(text: string, level: LogLevel): void {
  if (nodeProcess) nodeProcess.stderr.write(`${text}\n`)
  else console[CONSOLE[level]](text)
}
