/** A console that keeps what is written to it, and the command line run in this process. */
import pico from 'picocolors'
import type { Console } from '../../src/cli/console.ts'
import { main } from '../../src/cli/main.ts'

export interface Written {
  readonly console: Console
  /** Standard output and standard error so far. */
  readonly out: string
  readonly err: string
}

/** Without colours. */
export function recordedConsole(): Written {
  const [out, err]: [string[], string[]] = [[], []]
  const text = (chunk: Uint8Array) => new TextDecoder().decode(chunk)
  const console: Console = {
    out: (line) => void out.push(line.endsWith('\n') ? line : `${line}\n`),
    say: (line) => void err.push(`${line}\n`),
    childOut: (chunk) => void out.push(text(chunk)),
    childError: (chunk) => void err.push(text(chunk)),
    status: () => {},
    settled: async (exitCode) => exitCode,
    colors: pico.createColors(false),
  }
  return {
    console,
    get out() {
      return out.join('')
    },
    get err() {
      return err.join('')
    },
  }
}

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** `helion-aot` with these arguments, in this process. */
export async function runMain(...args: readonly string[]): Promise<Ended> {
  const written = recordedConsole()
  const code = await main(args, written.console)
  return { code, out: written.out, err: written.err }
}
