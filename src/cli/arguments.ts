/**
 * The command line: flags in one chain each, checked before any work begins. Everything behind `--`, or from
 * the first word that is no flag, is the user's command and stays as it is.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { BACKENDS } from '../aot/evaluate/models/backends.ts'
import { GOALS } from '../aot/evaluate/select/goals.ts'
import { EXIT, UsageError } from '../support/errors.ts'

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
  readonly scoreMatrix: boolean
  readonly json?: boolean
}

export interface RunFlags extends BuildFlags {
  readonly phase: Phase | 'all'
  readonly outputDir: string
  readonly runId?: string
  readonly effort?: string
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
  const [flags, behind] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)]
  let invocation: Invocation = { kind: 'printed' }
  const program = runCommand(version, (own, rest) => {
    // A command that begins before `--` has that as an argument of its own: npm run bench -- --fast
    const isInside = rest.length > 0 && end >= 0
    const command = isInside ? [...rest, '--', ...behind] : [...rest, ...behind]
    invocation = asRun(own, command, withoutRunId(flags.slice(0, flags.length - rest.length)))
  })
  const build = buildCommand((own) => {
    invocation = { kind: 'build', flags: own }
  })
  program.addCommand(build)
  for (const each of [program, build])
    each.exitOverride().configureOutput({ writeOut: print, writeErr: () => {} })
  try {
    program.parse(flags, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode !== EXIT.done) throw misused(error)
  }
  return invocation
}

type ParsedRun = RunFlags & { readonly listRuns?: boolean }

function runCommand(version: string, found: (flags: ParsedRun, rest: readonly string[]) => void): Command {
  const command = new Command('helion-aot')
    .description('Tunes kernels ahead of time: runs your program to collect, measure, build and evaluate.')
    .usage('[flags] -- <command that runs the kernels>')
    .argument('[command...]', 'the program to run in each phase')
    .version(version, '-V, --version')
    .addOption(new Option('--phase <phase>', 'the part to do').choices([...PHASES, 'all']).default('all'))
    .option('--output-dir <dir>', 'folder of the runs', '.helion_aot')
    .option('--run-id <id>', 'go on with this run, or name a new one')
    .option('--list-runs', 'list the runs in the output folder')
    .addOption(new Option('--effort <effort>', 'how long to search').choices(['quick', 'full']))
    .option('-v, --verbose', 'say more: every choice in the evaluate phase')
    .addHelpText('after', EXAMPLES)
    .enablePositionalOptions()
    .passThroughOptions()
    .action((rest: readonly string[], flags: ParsedRun) => found(flags, rest))
  return withBuildFlags(command)
}

function buildCommand(found: (flags: BuildCommandFlags) => void): Command {
  const command = new Command('build')
    .description('makes modules from measurements, without running anything')
    .requiredOption(
      '--measurements <file...>',
      'records (.jsonl), measurements (.csv) or folders of runs, of one kind of device',
    )
    .option('--device <family>', 'the device family in names, e.g. webgpu_nvidia_hopper')
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
    .option('--out-dir <dir>', 'folder for modules, instead of beside the sources')
    .option('--file-header <text>', 'put before each module; @file reads a file')
    .option('--weights <file>', 'JSON: how much each shape counts, by its hash')
    .option('--previous <module>', 'an earlier module to stay close to')
    .option('--dump-code', 'print the modules and write nothing')
    .option('--no-feature-selection', 'keep every feature that varies')
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
  return [...before, ...value.split(',').filter((name) => name !== '')]
}

function number(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new InvalidArgumentError('It must be a number.')
}

function misused({ message }: CommanderError): UsageError {
  return new UsageError(message.replace(/^error: /, ''), { remedy: 'See `npx helion-aot --help`.' })
}
