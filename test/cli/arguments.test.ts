/** What arguments mean, and which are refused. */
import { describe, expect, it } from 'vitest'
import { type Invocation, parseArguments } from '../../src/cli/arguments.ts'
import { UsageError } from '../../src/support/errors.ts'

let printed: string[] = []

function parse(...args: readonly string[]): Invocation {
  printed = []
  return parseArguments(args, '1.2.3', (text) => void printed.push(text))
}

function parseRun(...args: readonly string[]): Extract<Invocation, { kind: 'run' }> {
  const invocation = parse(...args)
  if (invocation.kind !== 'run') throw new Error(`understood as ${invocation.kind}`)
  return invocation
}

describe('the command', () => {
  it('keeps its own flags', () => {
    const { command, flags } = parseRun(
      '--effort',
      'quick',
      '--',
      'node',
      'bench.js',
      '--fast',
      '--phase',
      'x',
    )
    expect(command).toEqual(['node', 'bench.js', '--fast', '--phase', 'x'])
    expect(flags).toMatchObject({ phase: 'all', effort: 'quick' })
  })

  it('may ask for further shapes', () => {
    expect(parseRun('--densify', '12', '--', 'node').flags.densify).toBe(12)
    expect(parseRun('--', 'node').flags.densify).toBeUndefined()
  })

  it('may have a -- of its own', () => {
    expect(parseRun('--', 'npm', 'run', 'bench', '--', '--fast').command).toEqual([
      'npm',
      'run',
      'bench',
      '--',
      '--fast',
    ])
  })

  it.each([
    ['collect', '--phase collect'],
    ['mesure', '--phase measure'],
    ['evaluate', '--phase evaluate'],
    ['list', '--list-runs'],
    ['list_runs', '--list-runs'],
    ['version', '--version'],
  ])('%s is a word for %s', (word, meant) => {
    expect(() => parse(word)).toThrow(
      `there is no command "${word}". Did you mean ${meant}?\n  See \`npx helion-aot --help\`.`,
    )
  })

  it.each([
    [['init'], 'there is no command "init".', '-- init'],
    [['node', 'bench.js', '-v'], 'there is no command "node".', '-- node bench.js -v'],
    [
      ['-k', 'a', 'node', 'b.js', '--', '--fast'],
      'there is no command "node".',
      '-k a -- node b.js -- --fast',
    ],
    [['a b'], 'there is no command "a b".', "-- 'a b'"],
  ])('%j without -- is told where it belongs', (args, message, words) => {
    expect(() => parse(...args)).toThrow(UsageError)
    expect(() => parse(...args)).toThrow(
      `${message}\n  A program to run goes behind \`--\`: npx helion-aot ${words}`,
    )
  })

  it.each([
    [['buld', '--measurements', 'm'], 'build'],
    [['bulid'], 'build'],
    [['hlep'], 'help'],
    [['help', 'bild'], 'build'],
  ])('%j is taken for a slip', (args, meant) => {
    expect(() => parse(...args)).toThrow(`Did you mean ${meant}?\n  See \`npx helion-aot --help\`.`)
  })

  it('may be a word that is a command here too, behind --', () => {
    expect(parseRun('--', 'build', '--measurements', 'x').command).toEqual(['build', '--measurements', 'x'])
  })

  it('may be missing: a run that goes on knows it', () => {
    expect(parseRun('--run-id', 'r').command).toEqual([])
  })
})

describe('flags', () => {
  it('have defaults', () => {
    expect(parseRun('--', 'x').flags).toEqual({
      phase: 'all',
      outputDir: '.helion_aot',
      kernel: [],
      featureSelection: true,
      defaults: false,
      scoreMatrix: true,
    })
  })

  it('are all read', () => {
    const { flags } = parseRun(
      ...'--phase measure --output-dir o --run-id r --effort full -v -k a --kernel b,c'.split(' '),
      ...'--threshold 1.5 --max-configs 4 --goal avg_slowdown --single-config --backend ml_cart'.split(' '),
      ...'--outside safe --out-dir m --file-header @h --weights w --previous p --dump-code'.split(' '),
      ...'--no-feature-selection --defaults --no-score-matrix --json -- x'.split(' '),
    )
    expect(flags).toEqual({
      phase: 'measure',
      outputDir: 'o',
      runId: 'r',
      effort: 'full',
      verbose: true,
      kernel: ['a', 'b', 'c'],
      threshold: 1.5,
      maxConfigs: 4,
      goal: 'avg_slowdown',
      singleConfig: true,
      backend: 'ml_cart',
      outside: 'safe',
      outDir: 'm',
      fileHeader: '@h',
      weights: 'w',
      previous: 'p',
      dumpCode: true,
      featureSelection: false,
      defaults: true,
      scoreMatrix: false,
      json: true,
    })
  })

  it('are remembered as typed, but for the id of the run', () => {
    expect(parseRun('-k', 'a', '--run-id', 'r', '--json', '--', 'node', '-v').typed).toEqual([
      '-k',
      'a',
      '--json',
    ])
    expect(parseRun('--run-id=r', '--effort=quick', '--', 'node').typed).toEqual(['--effort=quick'])
  })

  it.each([
    [['--bogus'], "unknown option '--bogus'"],
    [['--phas', 'all', '--', 'x'], "unknown option '--phas'. Did you mean --phase?"],
    [['--list-run'], "unknown option '--list-run'. Did you mean --list-runs?"],
    [
      ['--phase', 'bild', '--', 'x'],
      "argument 'bild' is invalid. Allowed choices are collect, measure, build, evaluate",
    ],
    [['--threshold', 'much', '--', 'x'], "argument 'much' is invalid. It must be a number."],
    [['--threshold', '', '--', 'x'], "argument '' is invalid. It must be a number."],
    [['--max-configs', '1e999', '--', 'x'], "argument '1e999' is invalid. It must be a number."],
    [['--goal', 'best', '--', 'x'], 'Allowed choices are max_slowdown, geomean_slowdown, avg_slowdown'],
    [['--backend', 'magic', '--', 'x'], 'Allowed choices are decision_tree'],
    [['--effort', 'none', '--', 'x'], 'Allowed choices are quick, full'],
    [['--densify', '1.5', '--', 'x'], "argument '1.5' is invalid. It must be a whole number."],
    [['--densify', '-1', '--', 'x'], "argument '-1' is invalid. It must be a whole number."],
    [['--kernel'], 'argument missing'],
    [['--kernel', ',', '--', 'x'], "argument ',' is invalid. It must name a kernel"],
    [['--output-dir', '', '--', 'x'], "argument '' is invalid. It must not be empty."],
    [['--out-dir', ' ', '--', 'x'], "argument ' ' is invalid. It must not be empty."],
  ])('%j is refused', (args, message) => {
    expect(() => parse(...args)).toThrow(UsageError)
    expect(() => parse(...args)).toThrow(message)
    expect(() => parse(...args)).toThrow('See `npx helion-aot --help`.')
  })

  it.each([
    [['build'], 'build needs --measurements'],
    [['build', '--measurements', 'm', '--phase', 'all'], "unknown option '--phase'"],
    [['build', '--measurement', 'm'], "unknown option '--measurement'. Did you mean --measurements?"],
    [
      ['build', '--measurements', 'm', '--device', '../../evil'],
      "argument '../../evil' is invalid. It must be",
    ],
    [['build', 'm.csv'], 'build takes nothing besides flags, but was given m.csv'],
    [
      ['build', '--measurements', 'm', '--', 'node'],
      'build takes nothing besides flags, but was given -- node',
    ],
    [
      ['--threshold', '2', 'build', '--measurements', 'm'],
      'Put flags behind the command: npx helion-aot build --threshold 2 --measurements m',
    ],
  ])('%j is refused', (args, message) => {
    expect(() => parse(...args)).toThrow(UsageError)
    expect(() => parse(...args)).toThrow(message)
  })
})

describe('other commands', () => {
  it('build takes files, and flags of modules', () => {
    expect(parse('build', '--measurements', 'a.csv', 'b.jsonl', '--device', 'd', '-k', 'k')).toMatchObject({
      kind: 'build',
      flags: {
        measurements: ['a.csv', 'b.jsonl'],
        device: 'd',
        kernel: ['k'],
        featureSelection: true,
        defaults: false,
      },
    })
  })

  it('--list-runs needs no command', () => {
    expect(parse('--list-runs', '--json', '--output-dir', 'o')).toEqual({
      kind: 'list',
      outputDir: 'o',
      json: true,
    })
  })

  it('help and version are printed', () => {
    expect(parse('--help')).toEqual({ kind: 'printed' })
    expect(printed.join('')).toContain('Usage: helion-aot [flags] -- <command that runs the kernels>')
    expect(printed.join('')).toContain(
      'Exit codes: 0 done, 1 unexpected, 2 usage, 3 goal missed, 4 no adapter, 5 partial',
    )
    expect(parse('--version')).toEqual({ kind: 'printed' })
    expect(printed).toEqual(['1.2.3\n'])
  })

  it.each([[['--help']], [['-h']], [['help']]])('%j is help of everything', (args) => {
    expect(parse(...args)).toEqual({ kind: 'printed' })
    expect(printed.join('')).toContain('Usage: helion-aot [flags] -- <command that runs the kernels>')
    expect(printed.join('')).toContain('Exit codes: 0 done')
  })

  it.each([
    [['build', '--help']],
    [['build', '-h']],
    [['help', 'build']],
    [['--help', 'build']],
    [['build', '--measurements', 'm', '--help']],
  ])('%j is help of build', (args) => {
    expect(parse(...args)).toEqual({ kind: 'printed' })
    expect(printed.join('')).toContain('Usage: helion-aot build --measurements <file...> [flags]')
    expect(printed.join('')).not.toContain('--phase')
  })
})
