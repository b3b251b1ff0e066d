/**
 * The command line: flags in one chain each, checked before any work begins. What stands behind `--` is the
 * user's command and stays as it is; a word before it is a command of this program, never another program.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { BACKENDS } from '../aot/evaluate/models/backends.ts'
import { GOALS } from '../aot/evaluate/select/goals.ts'
import { EXIT, UsageError } from '../support/errors.ts'
import { mostSimilar } from '../support/similar.ts'
import { shellWords } from './shell_words.ts'

export const PHASES = ['collect', 'measure', 'build', 'evaluate'] as const
export type Phase = (typeof PHASES)[number]

/** How modules are decided and written. */
export interface BuildFlags {
  readonly kernel: readonly string[]
  readonly threshold?: number
  readonly maxConfigs?: number
  readonly goal?: string
  readonly configPrice?: number
  readonly singleConfig?: boolean
  readonly backend?: string
  readonly outside?: string
  readonly outDir?: string
  readonly fileHeader?: string
  readonly weights?: string
  readonly previous?: string
  readonly dumpCode?: boolean
  readonly featureSelection: boolean
  readonly defaults: boolean
  readonly scoreMatrix: boolean
  readonly json?: boolean
}

export interface RunFlags extends BuildFlags {
  readonly phase: Phase | 'all'
  readonly outputDir: string
  readonly runId?: string
  readonly effort?: string
  readonly densify?: number
  readonly verbose?: boolean
}

export interface BuildCommandFlags extends BuildFlags {
  readonly measurements: readonly string[]
  readonly device?: string
}

export type Invocation =
  | {
      readonly kind: 'run'
      readonly flags: RunFlags
      readonly command: readonly string[]
      /** The flags as they were typed, without `--run-id`: what goes on with this run. */
      readonly typed: readonly string[]
    }
  | { readonly kind: 'build'; readonly flags: BuildCommandFlags }
  | { readonly kind: 'list'; readonly outputDir: string; readonly json: boolean }
  /** Help or version was printed. */
  | { readonly kind: 'printed' }

const EXAMPLES = `
Examples:
  $ npx helion-aot -- node bench.js                 tune everything that bench.js calls
  $ npx helion-aot --kernel softmax -- node bench.js
  $ npx helion-aot --run-id 20261121_093000_1a2b3c  go on with a run that was interrupted
  $ npx helion-aot build --measurements m.csv       a module from measurements alone

Exit codes: 0 done, 1 unexpected, 2 usage, 3 goal missed, 4 no adapter, 5 partial, 130/143 interrupted.`

/** Reads the arguments; help and version go to `print`. Throws UsageError. */
export function parseArguments(
  args: readonly string[],
  version: string,
  print: (text: string) => void,
): Invocation {
  const end = args.indexOf('--')
  const [own, command] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)]
  let invocation: Invocation = { kind: 'printed' }
  const build = buildCommand((flags) => {
    if (own[0] !== 'build') throw lateCommand(own)
    const rest = [...build.args, ...(end < 0 ? [] : args.slice(end))]
    if (rest.length > 0) throw superfluous(rest)
    if (flags.measurements === undefined) throw nothingToBuildFrom()
    invocation = { kind: 'build', flags }
  })
  const program = runCommand(version, (flags) => {
    const [word] = program.args
    if (word !== undefined) throw unknownWord(word, own, program.args, command)
    invocation = asRun(flags, command, withoutRunId(own))
  })
  const help = new Command('help').description('Shows help, also of a command.').argument('[command]')
  help.action((word: string | undefined) => {
    if (word !== undefined && word !== 'build') throw unknownCommand(word)
    print((word === undefined ? program : build).helpInformation())
    if (word === undefined) print(EXAMPLES)
  })
  for (const each of [build, help]) program.addCommand(each)
  for (const each of [program, build, help])
    each.exitOverride().configureOutput({ writeOut: print, writeErr: () => {} })
  try {
    program.parse(helpFirst(own), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode !== EXIT.done) throw misused(error, own[0] === 'build')
  }
  return invocation
}

type ParsedRun = RunFlags & { readonly listRuns?: boolean }

function runCommand(version: string, found: (flags: ParsedRun) => void): Command {
  const command = new Command('helion-aot')
    .description('Tunes kernels ahead of time: runs your program to collect, measure, build and evaluate.')
    .usage('[flags] -- <command that runs the kernels>')
    .version(version, '-V, --version')
    .addOption(new Option('--phase <phase>', 'the part to do').choices([...PHASES, 'all']).default('all'))
    .option('--output-dir <dir>', 'folder of the runs', someText, '.helion_aot')
    .option('--run-id <id>', 'go on with this run, or name a new one')
    .option('--list-runs', 'list the runs in the output folder')
    .addOption(new Option('--effort <effort>', 'how long to search').choices(['quick', 'full']))
    .option('--densify <n>', 'measure so many further shapes of each kernel', wholeNumber)
    .option('-v, --verbose', 'say more: every choice in the evaluate phase')
    .addHelpText('after', EXAMPLES)
    .enablePositionalOptions()
    .passThroughOptions()
    .allowExcessArguments()
    .action(found)
  return withBuildFlags(command)
}

function buildCommand(found: (flags: BuildCommandFlags) => void): Command {
  const command = new Command('build')
    .description('Makes modules from measurements, without running anything.')
    .usage('--measurements <file...> [flags]')
    .option(
      '--measurements <file...>',
      'records (.jsonl), measurements (.csv) or folders of runs, of one kind of device',
    )
    .option('--device <family>', 'the device family in names, e.g. webgpu_nvidia_hopper', familyName)
    .allowExcessArguments()
    .action((flags: BuildCommandFlags) => found(flags))
  return withBuildFlags(command)
}

function withBuildFlags(command: Command): Command {
  return command
    .addOption(
      new Option('-k, --kernel <name>', 'only this kernel (may be repeated)')
        .argParser(collect)
        .default([], 'all'),
    )
    .option('--threshold <factor>', 'slowdown that the goal allows', number)
    .option('--max-configs <count>', 'most configs that a module may hold', number)
    .addOption(new Option('--goal <goal>', 'what must stay below the threshold').choices(Object.keys(GOALS)))
    .option('--config-price <share>', 'what a config beyond the goal must save, e.g. 0.005', number)
    .option('--single-config', 'one config for all shapes, as --max-configs 1')
    .addOption(new Option('--backend <model>', 'how modules decide').choices(Object.keys(BACKENDS)))
    .option('--outside <policy>', 'for shapes unlike any measured: auto, safe, nearest or tree')
    .option('--out-dir <dir>', 'folder for modules, instead of beside the sources', someText)
    .option('--file-header <text>', 'put before each module; @file reads a file')
    .option('--weights <file>', 'JSON: how much each shape counts, by its hash', someText)
    .option('--previous <module>', 'an earlier module to stay close to', someText)
    .option('--dump-code', 'print the modules and write nothing')
    .option('--no-feature-selection', 'keep every feature that varies')
    .option('--defaults', 'shapes may be left to their default config, where that looks better', false)
    .option('--no-score-matrix', 'do not print the timing matrix')
    .option('--json', 'the result as JSON on standard output')
}

function asRun(
  { listRuns, ...flags }: ParsedRun,
  command: readonly string[],
  typed: readonly string[],
): Invocation {
  if (listRuns) return { kind: 'list', outputDir: flags.outputDir, json: flags.json ?? false }
  return { kind: 'run', flags, command, typed }
}

function withoutRunId(typed: readonly string[]): readonly string[] {
  const at = typed.indexOf('--run-id')
  const rest = at < 0 ? typed : [...typed.slice(0, at), ...typed.slice(at + 2)]
  return rest.filter((word) => !word.startsWith('--run-id='))
}

function collect(value: string, before: readonly string[]): readonly string[] {
  const names = value.split(',').filter((name) => name.trim() !== '')
  if (names.length > 0) return [...before, ...names]
  throw new InvalidArgumentError('It must name a kernel, or several with commas between.')
}

function number(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new InvalidArgumentError('It must be a number.')
}

function wholeNumber(text: string): number {
  const value = number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number.')
  return value
}

function someText(text: string): string {
  if (text.trim() !== '') return text
  throw new InvalidArgumentError('It must not be empty.')
}

/** Part of the names of files and of the text of modules. */
function familyName(text: string): string {
  if (/^[A-Za-z0-9][\w.-]{0,99}$/.test(text)) return text
  throw new InvalidArgumentError('It must be made of letters, digits, `.`, `_` and `-`, at most 100 of them.')
}

/** `--help build` is `build --help`. */
function helpFirst(own: readonly string[]): readonly string[] {
  const [first = '', second] = own
  return second !== undefined && ['--help', '-h'].includes(first) ? ['help', second] : own
}

/** A word where a command of this program is expected: the program to run stands behind `--`. */
function unknownWord(
  word: string,
  own: readonly string[],
  rest: readonly string[],
  behind: readonly string[],
): UsageError {
  const flags = own.slice(0, own.length - rest.length)
  const isInside = behind.length > 0
  const words = [...flags, '--', ...rest, ...(isInside ? ['--', ...behind] : [])]
  return unknownCommand(word, `A program to run goes behind \`--\`: npx helion-aot ${shellWords(words)}`)
}

/** Words that one may try in the place of a command, and how what they mean is written. */
const WORDS: Readonly<Record<string, string>> = {
  build: 'build',
  help: 'help',
  collect: '--phase collect',
  measure: '--phase measure',
  evaluate: '--phase evaluate',
  list: '--list-runs',
  'list-runs': '--list-runs',
  version: '--version',
}
const SEE_HELP = 'See `npx helion-aot --help`.'
const SEE_BUILD_HELP = 'See `npx helion-aot build --help`.'

/** `remedy` is for words that are no near miss. */
function unknownCommand(word: string, remedy = SEE_HELP): UsageError {
  const meant = WORDS[mostSimilar(word, Object.keys(WORDS)) ?? '']
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`
  return new UsageError(`there is no command ${JSON.stringify(word)}.${hint}`, {
    remedy: hint === '' ? remedy : SEE_HELP,
  })
}

/** Flags before `build` would be those of a run. */
function lateCommand(own: readonly string[]): UsageError {
  const words = ['build', ...own.filter((word) => word !== 'build')]
  return new UsageError(`${own[0]} stands before build`, {
    remedy: `Put flags behind the command: npx helion-aot ${shellWords(words)}`,
  })
}

function nothingToBuildFrom(): UsageError {
  return new UsageError('build needs --measurements: files of records or measurements, or folders of runs', {
    remedy: SEE_BUILD_HELP,
  })
}

function superfluous(words: readonly string[]): UsageError {
  return new UsageError(`build takes nothing besides flags, but was given ${shellWords(words)}`, {
    remedy: 'Name files with --measurements; build runs no program.',
  })
}

function misused({ message }: CommanderError, ofBuild: boolean): UsageError {
  return new UsageError(message.replace(/^error: /, '').replace(/\n\((.*)\)$/, '. $1'), {
    remedy: ofBuild ? SEE_BUILD_HELP : SEE_HELP,
  })
}
