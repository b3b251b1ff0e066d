/**
 * Every gate holds for this repository, and fails on a fixture that breaks its rule in each way it knows.
 */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { configLines } from '../../src/aot/evaluate/emit/literals.ts'
import { browser } from './browser.ts'
import { docComments } from './doc_comments.ts'
import type { Gate } from './gate.ts'
import { generatedModules } from './generated_modules.ts'
import { headers } from './headers.ts'
import { layers } from './layers.ts'
import { leftovers } from './leftovers.ts'
import { lengths } from './lengths.ts'
import { lockFile } from './lock_file.ts'
import { naming } from './naming.ts'
import { nodeKinds } from './node_kinds.ts'
import { outsideJson } from './outside_json.ts'
import { picture } from './picture.ts'
import { plainFiles } from './plain_files.ts'
import { publicApi } from './public_api.ts'
import { regularExpressions } from './regular_expressions.ts'
import { spoiltModules } from './spoilt_modules.ts'
import { storageTypes } from './storage_types.ts'
import { valueFunctions } from './value_functions.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FIXTURES = fileURLToPath(new URL('../fixtures/gates', import.meta.url))

/** With how many things there are to look at here, at the very least. */
const GATES: readonly (readonly [Gate, number])[] = [
  [browser, 20],
  [generatedModules, 4],
  [headers, 60],
  [docComments, 250],
  [layers, 60],
  [leftovers, 60],
  [lengths, 60],
  [lockFile, 200],
  [naming, 60],
  [nodeKinds, 18],
  [outsideJson, 200],
  [picture, 2],
  [plainFiles, 200],
  [publicApi, 5],
  [regularExpressions, 40],
  [storageTypes, 300],
  [valueFunctions, 4],
]

/** Fixture -> what is wrong with it. */
const BAD: readonly (readonly [Gate, string, readonly string[]])[] = [
  [browser, 'browser', ['src/later.ts:2 Could not resolve "node:fs"']],
  [browser, 'browser_load', ['the bundle throws when it is loaded: ReferenceError: process is not defined']],
  [
    docComments,
    'doc_comments',
    [
      'src/index.ts:3 Bare: readonly width has no doc comment',
      'src/index.ts:7 bare: export const bare has no doc comment',
    ],
  ],
  [
    headers,
    'headers',
    [
      'src/empty.ts: opens with an empty doc comment',
      'src/essay.ts: opens with 9 lines of comment, more than 8',
      'src/line_comment.ts: does not open with a doc comment',
      'src/none.ts: does not open with a doc comment',
    ],
  ],
  [
    layers,
    'layers',
    [
      'src/aot/evaluate/impure.ts:1 imports src/kernel/kernel.ts: src/aot/evaluate/ must not know kernel',
      'src/codegen/lower/touches_gpu.ts:1 names GPUDevice: only src/runtime touches the GPU',
      'src/codegen/passes/roll.ts:1 imports src/codegen/sums/a.ts: sideways, passes and sums are neighbours',
      'src/codegen/plan/upwards.ts:1 imports src/codegen/lower/touches_gpu.ts: upwards, from plan to lower',
      'src/codegen/stray.ts: stray.ts is in no layer',
      'src/config/config.ts:2 imports src/config/lost.ts: there is no such source file',
      'src/ir/sideways.ts:1 imports src/config/config.ts: sideways, ir and config are neighbours',
      'src/mystery/unknown_layer.ts: mystery is in no layer',
      'src/support/upwards.ts:1 imports src/kernel/kernel.ts: upwards, from support to kernel',
      'imports in a circle: src/heuristics/first.ts -> src/heuristics/second.ts -> src/heuristics/first.ts',
    ],
  ],
  [
    leftovers,
    'leftovers',
    [
      'src/unfinished.ts:1 has unfinished work',
      'src/unfinished.ts:2 has unfinished work',
      'src/unfinished.ts:4 has unfinished work',
      'src/unfinished.ts:6 has a path of one machine',
      'test/skipped.test.ts:2 has a test that is switched off or singled out',
      'test/skipped.test.ts:3 has a test that is switched off or singled out',
    ],
  ],
  [
    lengths,
    'lengths',
    [
      'src/codegen/long.ts has 301 lines, more than 300',
      'src/long_file.ts has 401 lines, more than 400',
      'src/long_function.ts:2 is a function of 61 lines, more than 60',
      'src/long_line.ts:2 has 111 characters, more than 110',
      'src/codegen/full/ has 13 files, more than 12',
    ],
  ],
  [
    lockFile,
    'lock_file',
    [
      'package-lock.json lacks forgotten, which this package asks for',
      'package-lock.json lacks tool-darwin-arm64, which node_modules/tool asks for',
      'package-lock.json lacks inner, which node_modules/outer asks for',
    ],
  ],
  [
    naming,
    'naming',
    [
      'src/Big/inner.ts is not in snake_case',
      'src/camelCase.ts is not in snake_case',
      'src/kebab-case.ts is not in snake_case',
    ],
  ],
  [
    nodeKinds,
    'node_kinds',
    [
      'src/codegen/pass.ts:3 lists kinds of nodes',
      'src/codegen/pass.ts:6 asks for several kinds of nodes',
      'src/codegen/pass.ts:10 asks for several kinds of nodes',
      'src/codegen/pass.ts:14 is a switch over kinds of nodes without unreachable',
      'src/codegen/pass.ts:25 is a switch over kinds of nodes without unreachable',
    ],
  ],
  [
    storageTypes,
    'storage_types',
    ['src/dtypes.ts:3 asks for f16 by its name', 'src/dtypes.ts:7 asks for i8 by its name'],
  ],
  [
    regularExpressions,
    'regular_expressions',
    [
      'src/codegen/features.ts:2 has a regular expression; names are made in src/codegen/thread/names.ts',
      'src/codegen/features.ts:6 has a regular expression; names are made in src/codegen/thread/names.ts',
    ],
  ],
  [
    valueFunctions,
    'value_functions',
    ['elementwise_functions', 'value_functions', 'along_axis_methods']
      .map((name) => `src/language/values/${name}.ts`)
      .concat('src/config/field_types.ts')
      .map((path) => `${path} is of before; npm run functions`),
  ],
  [
    outsideJson,
    'outside_json',
    ['src/aot/parses.ts:3 calls JSON.parse; JSON is read in src/support/json.ts'],
  ],
  [picture, 'picture', ['docs/architecture.md: its pictures are of before; npm run picture']],
  [
    plainFiles,
    'plain_files',
    [
      'src/aot/reads.ts:4 calls readFileSync; files are opened in src/support/files.ts',
      'src/aot/reads.ts:5 calls openSync; files are opened in src/support/files.ts',
    ],
  ],
  [
    publicApi,
    'public_api',
    [
      'new and not in test/gates/public_api.txt: exports ./internals ./dist/internals.js',
      'new and not in test/gates/public_api.txt: value everything',
      'new and not in test/gates/public_api.txt: value surprise',
      'gone but still in test/gates/public_api.txt: value forgotten',
    ],
  ],
]

describe('this repository passes', () => {
  it.each(GATES.map(([gate, least]) => [gate.name, gate, least] as const))('%s', async (_, gate, least) => {
    const { checked, problems } = await gate.check(ROOT)
    expect(problems).toEqual([])
    expect(checked).toBeGreaterThanOrEqual(least)
  })
})

/** What the gate says of modules made from a good one. */
async function problemsWith(modules: Parameters<typeof spoiltModules>[0]): Promise<readonly string[]> {
  const { problems } = await generatedModules.check(spoiltModules(modules))
  return problems.map((problem) => problem.replace('pretuned_kernels/add/_helion_aot_', ''))
}

describe('generated modules fail', () => {
  it('with one thing wrong, each in its way', async () => {
    const modules = {
      add_webgpu_test_edited: [[/(?<=codeHash: ')\w+/g, '09582a8c99065610']],
      add_webgpu_test_empty: [[/\{ block_sizes: \[64\], num_warps: 1 \},/g, configLines([{}]).trim()]],
      add_webgpu_test_format: [[/ {2}device: /g, '  device:   ']],
      add_webgpu_test_misnamed: [[/webgpu_test_misnamed/g, 'webgpu_test_other']],
      add_webgpu_test_stale: [[/(?<=sourceHash: ')\w+/g, '0123456789abcdef']],
      add_webgpu_test_types: [[/(?<=if \()arg0_dim0 <= 360/g, "arg0_dim0 <= 'x' || arg0_dim0 <= 360"]],
      lost_webgpu_test: [[/(?<=key_|autotune_|kernel: '|kernel )add/g, 'lost']],
    } as const
    expect(await problemsWith(modules)).toEqual([
      expect.stringMatching(/^add_webgpu_test_edited.ts: was edited, its codeHash should be '\w{16}'$/),
      'add_webgpu_test_empty.ts: holds a config without fields; tune again',
      'add_webgpu_test_format.ts: is not as this version writes it; build it again',
      'add_webgpu_test_misnamed.ts: should be named _helion_aot_add_webgpu_test_other.ts',
      'add_webgpu_test_stale.ts: was made for another version of add; tune again',
      'add_webgpu_test_types.ts(31,7): error TS2365: ' +
        "Operator '<=' cannot be applied to types 'number' and 'string'.",
      'lost_webgpu_test.ts: there is no kernel lost beside it',
    ])
  })

  it('that cannot be read any more', async () => {
    const modules = { add_webgpu_test_syntax: [[/\} as const\n$/g, '} as const }\n']] } as const
    expect(await problemsWith(modules)).toEqual([
      'add_webgpu_test_syntax.ts is no usable module: Transform failed with 1 error:',
      'add_webgpu_test_syntax.ts(67,12): error TS1128: Declaration or statement expected.',
    ])
  })
})

describe('a bad fixture fails', () => {
  it.each(BAD.map(([gate, fixture, expected]) => [fixture, gate, expected] as const))(
    '%s',
    async (fixture, gate, expected) => {
      const { problems } = await gate.check(`${FIXTURES}/${fixture}`)
      expect(problems).toEqual(expected)
    },
  )

  it('for every gate', () => {
    const bad = [generatedModules, ...BAD.map(([gate]) => gate)]
    expect(new Set(bad.map(({ name }) => name))).toEqual(new Set(GATES.map(([gate]) => gate.name)))
  })
})
