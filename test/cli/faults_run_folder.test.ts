/** Faults of the folder of a run, and of the files in it. */
import { describe } from 'vitest'
import { EXIT } from '../../src/support/errors.ts'
import { BUILD_R, expectSentence, type Fault, NOTHING, RECORDS } from './faults.ts'

const { usage, unexpected, done } = EXIT
const METADATA = ['.helion_aot', 'r', 'run_metadata.json']

const OF_THE_RUN_FOLDER: Readonly<Record<string, Fault>> = {
  'a run id that leads out': {
    args: ['--run-id', '../outside', ...NOTHING],
    code: usage,
    says: ['--run-id is "../outside"', 'Use at most 100 letters'],
  },
  'a run id that is too long': {
    args: ['--run-id', 'x'.repeat(300), ...NOTHING],
    code: usage,
    says: ['--run-id is "xxx', 'Use at most 100 letters'],
  },
  'a file as output folder': {
    arrange: (at) => at.file('', 'runs'),
    args: ['--output-dir', 'runs', ...NOTHING],
    code: unexpected,
    says: ['cannot make the folder …/runs', 'a file is there where a folder belongs'],
  },
  'a file as folder of the run': {
    arrange: (at) => at.file('', '.helion_aot', 'r'),
    args: ['--run-id', 'r', ...NOTHING],
    code: unexpected,
    says: ['…/.helion_aot/r', 'a file is there where a folder belongs'],
  },
  'a file as folder of the run, for a build': {
    arrange: (at) => at.file('', '.helion_aot', 'r'),
    args: BUILD_R,
    code: unexpected,
    says: ['…/.helion_aot/r', 'a file is there where a folder belongs'],
  },
  'an output folder below a file': {
    arrange: (at) => at.file('', 'file'),
    args: ['--output-dir', 'file/runs', ...NOTHING],
    code: unexpected,
    says: ['cannot make the folder …/file', 'a file is there where a folder belongs'],
  },
  'an output folder that nobody may make': {
    args: ['--output-dir', '/proc/helion_aot', ...NOTHING],
    code: unexpected,
    says: ['cannot make the folder /proc/helion_aot', 'there is no such file or folder'],
  },
  'an output folder with a name that is too long': {
    args: ['--output-dir', 'x'.repeat(300), ...NOTHING],
    code: unexpected,
    says: ['…/xxx', 'its name is too long'],
  },
  'an output folder that is a dangling link': {
    arrange: (at) => at.link('/proc/nowhere', 'runs'),
    args: ['--output-dir', 'runs', ...NOTHING],
    code: unexpected,
    says: ['cannot make the folder …/runs'],
  },
  'an output folder that is a circle of links': {
    arrange: (at) => at.link('runs', 'runs'),
    args: ['--output-dir', 'runs', ...NOTHING],
    code: unexpected,
    says: ['cannot make the folder …/runs: a file is there'],
  },
  'a file where the lock belongs': {
    arrange: (at) => {
      at.run('k')
      at.file('', '.helion_aot', 'r', 'run_metadata.json.lock')
    },
    args: BUILD_R,
    code: unexpected,
    says: [
      'cannot lock the run r: …/.helion_aot/r/run_metadata.json.lock is no folder',
      'Remove or rename it.',
    ],
  },
  'a dangling link where the lock belongs': {
    arrange: (at) => {
      at.run('k')
      at.link('nowhere', '.helion_aot', 'r', 'run_metadata.json.lock')
    },
    args: BUILD_R,
    code: unexpected,
    says: [
      'cannot lock the run r: …/.helion_aot/r/run_metadata.json.lock is no folder',
      'Remove or rename it.',
    ],
  },
  "a folder where the name of the lock's owner belongs": {
    arrange: (at) => {
      at.run('k')
      at.folder('.helion_aot', 'r', 'run_metadata.json.owner')
    },
    args: BUILD_R,
    code: unexpected,
    says: ['…/.helion_aot/r/run_metadata.json.owner: a folder is there where a file belongs'],
  },
  "a pipe where the name of the lock's owner belongs": {
    arrange: (at) => at.run('k'),
    args: BUILD_R,
    options: { before: 'mkfifo .helion_aot/r/run_metadata.json.owner;' },
    code: unexpected,
    says: [
      'cannot write …/.helion_aot/r/run_metadata.json.owner: a pipe is there where a file belongs',
      'Remove or rename it.',
    ],
  },
  'torn metadata': {
    arrange: (at) => at.file('{"run_id": "r", "hist', ...METADATA),
    args: ['--run-id', 'r', ...NOTHING],
    code: unexpected,
    says: [
      'cannot read …/.helion_aot/r/run_metadata.json',
      'Remove or mend …/.helion_aot/r/run_metadata.json',
    ],
  },
  'metadata of something else': {
    arrange: (at) => at.file('{"name": "foreign"}', ...METADATA),
    args: ['--run-id', 'r'],
    code: unexpected,
    says: ['cannot read …/.helion_aot/r/run_metadata.json: it has no run_id and history'],
  },
  'metadata that is a list': {
    arrange: (at) => at.file('[1, 2]', ...METADATA),
    args: ['--run-id', 'r'],
    code: unexpected,
    says: ['cannot read …/.helion_aot/r/run_metadata.json: it has no run_id and history'],
  },
  'metadata that is null': {
    arrange: (at) => at.file('null', ...METADATA),
    args: ['--run-id', 'r'],
    code: unexpected,
    says: ['cannot read …/.helion_aot/r/run_metadata.json: it has no run_id and history'],
  },
  'metadata with a history of other things': {
    arrange: (at) => at.file('{"run_id": "r", "history": [null]}', ...METADATA),
    args: ['--run-id', 'r'],
    code: unexpected,
    says: ['cannot read …/.helion_aot/r/run_metadata.json: entry 0 of its history is not one of helion-aot'],
  },
  'metadata with a command that is none': {
    arrange: (at) =>
      at.file('{"run_id": "r", "history": [{"started_at": "", "benchmark_cmd": [{}]}]}', ...METADATA),
    args: ['--run-id', 'r'],
    code: unexpected,
    says: ['cannot read …/.helion_aot/r/run_metadata.json: entry 0 of its history is not one of helion-aot'],
  },
  'metadata that is a folder': {
    arrange: (at) => at.folder(...METADATA),
    args: ['--run-id', 'r'],
    code: unexpected,
    says: ['cannot read …/.helion_aot/r/run_metadata.json: a folder is there where a file belongs'],
  },
  'metadata that is huge': {
    arrange: (at) => at.file(`{"run_id": "r", "history": "${'x'.repeat(20_000_000)}"}`, ...METADATA),
    args: ['--run-id', 'r'],
    code: unexpected,
    says: ['cannot read …/.helion_aot/r/run_metadata.json: it has no run_id and history'],
  },
  'metadata that is a circle of links': {
    arrange: (at) => {
      at.run('k')
      at.link('run_metadata.json', ...METADATA)
    },
    args: BUILD_R,
    code: done,
    says: ['wrote …/k/_helion_aot_k_webgpu_test_one.ts'],
  },
  'a build of a run without records': {
    arrange: (at) => at.folder('.helion_aot', 'r'),
    args: BUILD_R,
    code: usage,
    says: ['the run …/.helion_aot/r has no records to build from', 'Name the records'],
  },
  'a run that does not exist': {
    args: ['--phase', 'measure', '--run-id', 'none', ...NOTHING],
    code: usage,
    says: ['there is no run …/.helion_aot/none to measure', '--list-runs'],
  },
  'records that are a folder': {
    arrange: (at) => at.folder(...RECORDS),
    args: BUILD_R,
    code: usage,
    says: ['no measurements*.csv in folder …/.helion_aot/r/records_webgpu_test_1.0.jsonl'],
  },
  'records that are a dangling link': {
    arrange: (at) => at.link('nowhere', ...RECORDS),
    args: BUILD_R,
    code: usage,
    says: ['there is no file …/.helion_aot/r/records_webgpu_test_1.0.jsonl'],
  },
  'records of noise': {
    arrange: (at) => at.file('\0\u0001\n[]\n{"event": "run"}\n', ...RECORDS),
    args: BUILD_R,
    code: unexpected,
    says: ['no usable measurement in …/.helion_aot/r/records_webgpu_test_1.0.jsonl', 'Measure first'],
  },
}

describe.each(Object.entries(OF_THE_RUN_FOLDER))('of the run folder: %s', expectSentence)
