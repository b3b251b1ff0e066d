/**
 * Messages for people, on stderr (the console in browsers). Data for machines never passes here.
 * Levels follow Python's logging numbers, because HELION_AUTOTUNE_LOG_LEVEL speaks them.
 */
import { nodeProcess } from './node.ts'

/** Levels by name, with Python's numbers. */
export const LOG_LEVELS = { debug: 10, info: 20, warning: 30, error: 40, silent: 100 } as const
/** From which level on messages are shown. */
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

const told = new Set<string>()

/** True the first time in this process that it is asked for a key. */
export function firstTime(key: string): boolean {
  const isFirst = !told.has(key)
  told.add(key)
  return isFirst
}

/** Prints a warning once per process and key. */
export function warnOnce(key: string, text: string): void {
  if (firstTime(key)) say(text, 'warning')
}

/** Forgets what was told once. For tests. */
export function resetWarnings(): void {
  told.clear()
}

/** Prints text for people; a page's console shows it by its level. */
export function say(text: string, level: LogLevel): void {
  if (nodeProcess) nodeProcess.stderr.write(`${text}\n`)
  else console[CONSOLE[level]](text)
}
