/** Runs a command as a phase does, from a process that can be killed: the log file, then the command. */
import { runChild } from '../../../src/cli/child.ts'
import { processConsole } from '../../../src/cli/console.ts'
import { Interrupts } from '../../../src/cli/interrupts.ts'

const [logFile = '', ...command] = process.argv.slice(2)
const task = { phase: 'collect', command, env: {}, environment: process.env, logFile } as const
await runChild(task, processConsole(), new Interrupts())
