/** Faults of the working directory, the environment, the adapter and the program. */
import { describe } from 'vitest'
import { EXIT } from '../../src/support/errors.ts'
import { BUILD, expectSentence, type Fault, NOTHING } from './faults.ts'

const { usage, unexpected, noAdapter, done } = EXIT

const OF_THE_SURROUNDINGS: Readonly<Record<string, Fault>> = {
  'a working directory that was removed': {
    args: ['--run-id', 'r', ...NOTHING],
    options: { before: 'mkdir gone; cd gone; rmdir ../gone;' },
    code: unexpected,
    says: ['the working directory does not exist any more', 'Change into another one.'],
  },
  'a working directory that was removed, for a list': {
    args: ['--list-runs'],
    options: { before: 'mkdir gone; cd gone; rmdir ../gone;' },
    code: unexpected,
    says: ['the working directory does not exist any more'],
  },
  'a working directory that was removed, for a build': {
    args: ['build', '--measurements', 'm.csv'],
    options: { before: 'mkdir gone; cd gone; rmdir ../gone;' },
    code: unexpected,
    says: ['the working directory does not exist any more'],
  },
  'no HOME and no TMPDIR': {
    arrange: (at) => at.run('a'),
    args: BUILD,
    options: { env: { HOME: undefined, TMPDIR: undefined, XDG_CACHE_HOME: undefined } },
    code: done,
    says: ['wrote …/a/_helion_aot_a_webgpu_test_one.ts'],
  },
  'no PATH': {
    arrange: (at) => at.file('process.exit(7)', 'bench.js'),
    args: ['--', process.execPath, 'bench.js'],
    options: { before: 'unset PATH;' },
    code: unexpected,
    says: ['bench.js` ended with exit code 7'],
  },
  'an adapter that is not there': {
    args: NOTHING,
    options: { env: { HELION_ADAPTER: 'nowhere' } },
    code: noAdapter,
    says: ["No WebGPU adapter matches 'nowhere'"],
  },
  'a program that is not there': {
    args: ['--', 'no_such_program'],
    code: usage,
    says: [
      'cannot start "no_such_program": there is no such command',
      'Give the command as you would type it',
    ],
  },
  'a program that may not be executed': {
    arrange: (at) => at.file('', 'bench.js'),
    args: ['--', './bench.js'],
    code: usage,
    says: ['cannot start "./bench.js": it may not be executed', 'npx helion-aot -- node ./bench.js'],
  },
  'a program that is a folder': {
    arrange: (at) => at.folder('bench'),
    args: ['--', './bench'],
    code: usage,
    says: ['cannot start "./bench": it is a folder'],
  },
  'a program that fails': {
    args: ['--', 'node', '-e', 'process.exit(7)'],
    code: unexpected,
    says: ['`node -e process.exit(7)` ended with exit code 7', 'To go on:'],
  },
  'a program that calls no kernel': {
    args: NOTHING,
    code: unexpected,
    says: ['`node -e 0` called no kernel made with aotKernel', 'To go on:'],
  },
  'a file where the folder of logs belongs': {
    arrange: (at) => at.file('', '.helion_aot', 'r', 'logs'),
    args: ['--run-id', 'r', ...NOTHING],
    code: unexpected,
    says: ['cannot use …/.helion_aot/r/logs/collect_', 'a file is there where a folder belongs'],
  },
  'an output folder that vanishes': {
    args: ['--run-id', 'r', '--', 'rm', '-rf', '.helion_aot'],
    code: unexpected,
    says: ['.helion_aot/r'],
  },
  'a list of runs in a file': {
    arrange: (at) => at.file('', 'runs'),
    args: ['--list-runs', '--output-dir', 'runs'],
    code: unexpected,
    says: ['cannot list the folder runs: a file is there where a folder belongs'],
  },
  'a list of broken runs': {
    arrange: (at) => {
      at.file('[]', '.helion_aot', 'a', 'run_metadata.json')
      at.folder('.helion_aot', 'b', 'run_metadata.json')
    },
    args: ['--list-runs'],
    code: done,
    says: [],
  },
  'files that may not grow': {
    args: ['--run-id', 'r', '--', 'node', '-e', "process.stdout.write('x'.repeat(4000))"],
    options: { before: 'ulimit -f 1;' },
    code: unexpected,
    says: ['the file would be larger than is allowed'],
  },
  'too few files': {
    arrange: (at) => at.run('a'),
    args: BUILD,
    options: { before: 'ulimit -n 21;' },
    code: unexpected,
    says: ['too many'],
  },
}

describe.each(Object.entries(OF_THE_SURROUNDINGS))('of the surroundings: %s', expectSentence)
