/** Faults of what a build reads and of what it writes. */
import { describe } from 'vitest'
import { EXIT } from '../../src/support/errors.ts'
import { byHand, toCsv } from '../aot/evaluate/sweeps.ts'
import { BUILD, BUILD_R, expectSentence, type Fault } from './faults.ts'

const { usage, unexpected, partial, goalMissed, done } = EXIT

/** Two configs, each of which is bad for half of the shapes. */
const TORN = toCsv(
  byHand(
    [64, 128, 256, 512].map((size) => [size]),
    [64, 128, 256, 512].map((size) => (size <= 128 ? [1, 3] : [3, 1])),
  ),
)

/** A column before the last one, which would be taken for the times by who counts columns. */
function withColumn(csv: string): string {
  return csv.replace('timing_ms', 'spread,timing_ms').replaceAll(/,(?=[\d.]+$)/gm, ',0.5,')
}

const OF_A_BUILD: Readonly<Record<string, Fault>> = {
  'measurements that are not there': {
    args: ['build', '--measurements', 'none.csv'],
    code: usage,
    says: ['there is no file none.csv', 'Check --measurements.'],
  },
  'measurements below a file': {
    arrange: (at) => at.file('', 'file'),
    args: ['build', '--measurements', 'file/m.csv'],
    code: usage,
    says: ['cannot use file/m.csv: a file is there where a folder belongs', 'Check --measurements.'],
  },
  'measurements that are a circle of links': {
    arrange: (at) => at.link('m.csv', 'm.csv'),
    args: ['build', '--measurements', 'm.csv'],
    code: usage,
    says: ['cannot use m.csv: its symbolic links lead in a circle', 'Check --measurements.'],
  },
  'measurements with a name that is too long': {
    args: ['build', '--measurements', 'x'.repeat(300)],
    code: usage,
    says: ['its name is too long'],
  },
  'a folder without measurements': {
    arrange: (at) => at.folder('empty'),
    args: ['build', '--measurements', 'empty'],
    code: usage,
    says: ['no measurements*.csv in folder empty', 'Name the folder of a run'],
  },
  'measurements without a line': {
    arrange: (at) => at.file('', 'm.csv'),
    args: ['build', '--measurements', 'm.csv'],
    code: unexpected,
    says: ['no usable measurement in m.csv', 'Measure first'],
  },
  'names that a terminal would obey': {
    arrange: (at) => at.file(TORN.replaceAll('made', '\u001b[2Jmade\u009b\u0007'), 'm.csv'),
    args: ['build', '--measurements', 'm.csv', '--device', 'd'],
    code: done,
    says: ['\\u001b[2Jmade\\u009b\\u0007: slowdown by shape and config'],
  },
  'a folder for modules that is a file': {
    arrange: (at) => {
      at.run('a', 'b')
      at.file('', 'out')
    },
    args: [...BUILD, '--out-dir', 'out'],
    code: unexpected,
    says: ['cannot make the folder out: a file is there where a folder belongs'],
  },
  'one module of three that cannot be written': {
    arrange: (at) => {
      at.run('a', 'b', 'c')
      at.folder('b', '_helion_aot_b_webgpu_test_one.ts')
    },
    args: BUILD,
    code: partial,
    says: [
      'wrote …/a/_helion_aot_a_webgpu_test_one.ts',
      'cannot write …/b/_helion_aot_b_webgpu_test_one.ts: a folder is there where a file belongs',
      'wrote …/c/_helion_aot_c_webgpu_test_one.ts',
    ],
  },
  'one module of three that cannot be written, in a run': {
    arrange: (at) => {
      at.run('a', 'b', 'c')
      at.folder('b', '_helion_aot_b_webgpu_test_one.ts')
    },
    args: BUILD_R,
    code: partial,
    says: [
      'wrote …/a/_helion_aot_a_webgpu_test_one.ts',
      'cannot write …/b/_helion_aot_b_webgpu_test_one.ts: a folder is there where a file belongs',
      'wrote …/c/_helion_aot_c_webgpu_test_one.ts',
    ],
  },
  'a module that cannot be written, the only one': {
    arrange: (at) => {
      at.run('a')
      at.folder('a', '_helion_aot_a_webgpu_test_one.ts')
    },
    args: BUILD_R,
    code: unexpected,
    says: ['cannot write …/a/_helion_aot_a_webgpu_test_one.ts', 'the phase build failed: no module'],
  },
  'a report that cannot be written': {
    arrange: (at) => {
      at.run('a')
      at.folder('.helion_aot', 'r', 'report.html')
    },
    args: BUILD,
    code: partial,
    says: [
      'wrote …/a/_helion_aot_a_webgpu_test_one.ts',
      'cannot write .helion_aot/r/report.html: a folder is there where a file belongs',
    ],
  },
  'a disk that is full': {
    arrange: (at) => at.run('a'),
    args: BUILD,
    // What a full disk is to a test without a disk of its own: no file may be larger than a block.
    options: { before: "trap '' XFSZ; ulimit -f 1;" },
    code: unexpected,
    says: ['cannot write …/a/_helion_aot_a_webgpu_test_one.ts: the file would be larger than is allowed'],
  },
  'a goal that one config cannot meet': {
    arrange: (at) => at.file(TORN, 'm.csv'),
    args: ['build', '--measurements', 'm.csv', '--device', 'd', '--single-config'],
    code: goalMissed,
    says: ['wrote _helion_aot_made_d.ts'],
  },
  'a family that leads out': {
    arrange: (at) => at.run('a'),
    args: [...BUILD, '--device', '../../outside'],
    code: usage,
    says: ["argument '../../outside' is invalid", 'letters, digits'],
  },
  'weights that are not there': {
    arrange: (at) => at.run('a'),
    args: [...BUILD, '--weights', 'none.json'],
    code: usage,
    says: ['--weights names none.json, which does not exist', 'Check the path'],
  },
  'weights that are a folder': {
    arrange: (at) => {
      at.run('a')
      at.folder('weights')
    },
    args: [...BUILD, '--weights', 'weights'],
    code: usage,
    says: ['--weights names weights, which cannot be used', 'a folder is there where a file belongs'],
  },
  'weights that are null': {
    arrange: (at) => {
      at.run('a')
      at.file('null', 'weights.json')
    },
    args: [...BUILD, '--weights', 'weights.json'],
    code: usage,
    says: ['cannot use the weights in weights.json', 'Write a JSON object'],
  },
  'weights that are a list': {
    arrange: (at) => {
      at.run('a')
      at.file('[1]', 'weights.json')
    },
    args: [...BUILD, '--weights', 'weights.json'],
    code: usage,
    says: ['cannot use the weights in weights.json', 'Write a JSON object'],
  },
  'a weight that is out of all proportion': {
    arrange: (at) => {
      at.run('a')
      at.file('{"h": 1e308}', 'weights.json')
    },
    args: [...BUILD, '--weights', 'weights.json'],
    code: usage,
    says: ['the weight of h is 1e+308, not a number from 0 to 1000000000', 'Write a JSON object'],
  },
  'weights that are a pipe': {
    arrange: (at) => at.run('a'),
    args: [...BUILD, '--weights', 'pipe'],
    options: { before: 'mkfifo pipe;' },
    code: usage,
    says: ['--weights names pipe, which cannot be used', 'a pipe is there where a file belongs'],
  },
  'a header that is a device': {
    arrange: (at) => at.run('a'),
    args: [...BUILD, '--file-header', '@/dev/zero'],
    code: usage,
    says: ['--file-header names /dev/zero, which cannot be used', 'a device is there where a file belongs'],
  },
  'an earlier module that is a pipe': {
    arrange: (at) => at.run('a'),
    args: BUILD,
    options: { before: 'mkfifo a/_helion_aot_a_webgpu_test_one.ts;' },
    code: done,
    says: ['earlier module not used: cannot read', 'wrote …/a/_helion_aot_a_webgpu_test_one.ts'],
  },
  'measurements that are a pipe': {
    args: ['build', '--measurements', 'pipe'],
    options: { before: 'mkfifo pipe;' },
    code: usage,
    says: ['cannot read pipe: a pipe is there where a file belongs', 'Check --measurements.'],
  },
  'measurements that never end': {
    args: ['build', '--measurements', '/dev/zero'],
    code: usage,
    says: ['cannot read /dev/zero: a device is there where a file belongs'],
  },
  'a column that nobody knows': {
    arrange: (at) => at.file(withColumn(TORN), 'm.csv'),
    args: ['build', '--measurements', 'm.csv', '--device', 'd'],
    code: unexpected,
    says: ['the header has an unknown column "spread"', 'nobody knows its columns'],
  },
  'a header that is not there': {
    arrange: (at) => at.run('a'),
    args: [...BUILD, '--file-header', '@none.txt'],
    code: usage,
    says: ['--file-header names none.txt, which does not exist'],
  },
  'a header that is a folder': {
    arrange: (at) => {
      at.run('a')
      at.folder('header')
    },
    args: [...BUILD, '--file-header', '@header'],
    code: usage,
    says: ['--file-header names header, which cannot be used', 'a folder is there where a file belongs'],
  },
  'an earlier module that is not there': {
    arrange: (at) => at.run('a'),
    args: [...BUILD, '--previous', 'none.ts'],
    code: usage,
    says: ['--previous names none.ts, which does not exist'],
  },
  'an earlier module that is a folder': {
    arrange: (at) => {
      at.run('a')
      at.folder('previous')
    },
    args: [...BUILD, '--previous', 'previous'],
    code: usage,
    says: ['--previous names previous, which cannot be used', 'a folder is there where a file belongs'],
  },
}

describe.each(Object.entries(OF_A_BUILD))('of a build: %s', expectSentence)
