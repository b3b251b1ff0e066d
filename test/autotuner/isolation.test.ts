/**
 * Configs that crash, hang or lie in a process of their own: each costs itself and nothing else. The process
 * of these tests does something bad with programs of 256 invocations (num_warps 8).
 */
import fs, { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { autotune } from '../../src/autotuner/autotune.ts'
import { CannotIsolate } from '../../src/autotuner/isolation/connection.ts'
import { IsolatedRunner } from '../../src/autotuner/isolation/isolated_runner.ts'
import { connectProcess } from '../../src/autotuner/isolation/node_process.ts'
import { type HostOptions, TrialHost } from '../../src/autotuner/isolation/trial_host.ts'
import type { KernelTrial } from '../../src/autotuner/trial/kernel_benchmarker.ts'
import type { Config, ConfigInput } from '../../src/config/config.ts'
import type { AnyFunction, KernelOptions } from '../../src/kernel/options.ts'
import { getDevice } from '../../src/runtime/default_device.ts'
import { AdapterError } from '../../src/support/errors.ts'
import { createLog, resetWarnings } from '../../src/support/log.ts'
import { listen } from '../listen.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { undisturbed } from '../timers.ts'
import { GRACE_MS, PATIENT, soonTiredOf } from './faults.ts'
import { double, FOREVER, increment, matmul, ramp, type Tried, trial } from './kernel_trials.ts'

/** The program of the process, in one file: it starts faster than through tsx. */
const ROOT = join(import.meta.dirname, '..', '..')
const home = temporaryFolder()
symlinkSync(join(ROOT, 'node_modules'), join(home, 'node_modules'))
const path = join(home, 'faulty_worker.js')
buildSync({
  entryPoints: [join(import.meta.dirname, 'children', 'faulty_worker.ts')],
  outfile: path,
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
})
writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
const connect = connectProcess({ path, flags: ['--max-old-space-size=64'] })
const patient = { budget: FOREVER, compileTimeoutMs: PATIENT.compileTimeoutMs }

const BAD = { num_warps: 8 }
const AMONG_GOOD = [{ num_warps: 1 }, BAD, { num_warps: 2 }, { num_warps: 4 }]

const hosts: TrialHost[] = []
afterEach(() => {
  for (const host of hosts.splice(0)) host.stop()
})

async function newHost(fault = '', more: Partial<HostOptions> = {}): Promise<TrialHost> {
  process.env.TRIAL_FAULT = fault
  process.env.TRIAL_MARK = join(temporaryFolder(), 'mark')
  const { info } = await getDevice()
  const adapter = process.env.HELION_ADAPTER ?? ''
  const host = new TrialHost({ info, adapter, without: [], graceMs: GRACE_MS, connect, ...more })
  hosts.push(host)
  return host
}

const on = (host: TrialHost, fault = ''): Pick<KernelTrial, 'openRunner'> => ({
  openRunner: async ({ subject, contents, stream }) =>
    soonTiredOf(await IsolatedRunner.open(host, subject, contents, stream), fault),
})

const configs = ({ spec }: Tried, inputs: readonly ConfigInput[]): readonly Config[] =>
  inputs.map((input) => spec.normalize(input, 'strict'))

describe('the process for trials', () => {
  it('gives configs the same statuses as this one, and leaves the tensors alone', async () => {
    const host = await newHost()
    const x = await ramp([500])
    const before = await x.data()
    const lie = async (t: typeof x) => (await t.data()).map((v, i) => (i === 7 ? 9 : 2 * v))
    const large = [{ block_sizes: [256, 256, 8], num_warps: 1 }]
    const plain = [{}, BAD, { num_warps: 1 }, { ...BAD, maxnreg: 64 }]
    const cases: readonly [AnyFunction, readonly unknown[], readonly ConfigInput[], KernelOptions][] = [
      [double, [x], plain, {}],
      [increment, [x], plain, {}],
      [double, [x], plain, { baselineFn: lie as never }],
      [matmul, [await ramp([256, 8]), await ramp([8, 256])], large, {}],
    ]
    for (const [fn, args, inputs, options] of cases) {
      const found: object[] = []
      for (const parts of [{}, on(host)]) {
        const tried = await trial(fn, args, options, parts)
        const results = await tried.benchmarker.measure(configs(tried, inputs), patient)
        found.push(results.map(({ status, reason, programHash }) => ({ status, reason, programHash })))
        tried.benchmarker.dispose()
      }
      expect(found[1]).toEqual(found[0])
    }
    expect(await x.data()).toEqual(before)
    expect(host.started).toBe(1)
  })

  it('times the least launch, and configs in turns', async () => {
    const tried = await trial(double, [await ramp([300_000])], {}, on(await newHost()))
    const wanted = configs(tried, [{}, { num_warps: 1 }])
    const [first] = await tried.benchmarker.measure(wanted, patient)
    await undisturbed(async () => {
      const floor = await tried.benchmarker.leastLaunch()
      expect(floor?.ms).toBeGreaterThan(0)
      expect(floor?.ms).toBeLessThan(first?.ms ?? 0)
    })
    const turns = await tried.benchmarker.remeasure(wanted, { budget: FOREVER, targetMs: 20 })
    expect(turns.map(({ status }) => status)).toEqual(['ok', 'ok'])
  })

  it('runs the default config where that is the reference', async () => {
    const limits = { elements: 10, callMs: 1e9, extentsMs: 1e9 }
    const tried = await trial(double, [await ramp([100])], {}, { limits, ...on(await newHost()) })
    const results = await tried.benchmarker.measure(configs(tried, AMONG_GOOD), patient)
    expect(results.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok'])
  })

  it('is not needed: without one, or without room for the arguments, that is said', async () => {
    const { info } = await getDevice()
    const options = { adapter: process.env.HELION_ADAPTER ?? '', without: [], info }
    const none = new TrialHost({ ...options, connect: connectProcess({ path: '/nowhere.js', flags: [] }) })
    const other = new TrialHost({
      ...options,
      info: { ...info, device: 'another one' },
      connect,
    })
    for (const [host, why] of [
      [none, /^the process of trials ended \(exit code 1\)/],
      [other, /^it found another adapter \(.+\)$/],
    ] as const) {
      const tried = await trial(double, [await ramp([100])], {}, on(host))
      const refusal = tried.benchmarker.measure(configs(tried, AMONG_GOOD), patient)
      await expect(refusal).rejects.toThrow(why)
      await expect(refusal).rejects.toBeInstanceOf(CannotIsolate)
    }
  })
})

/** Times in which an hour of a clock that was set is contained are longer; those of any machine shorter. */
const LONG_MS = 1_000_000

/** Fault, what becomes of the config and why, how many processes it takes at most. */
const FAULTS: Readonly<Record<string, readonly [status: string, reason: RegExp, processes: number]>> = {
  segv: ['error', /^the process of trials ended \(SIGSEGV\)/, 2],
  kill: ['error', /^the process of trials ended \(SIGKILL\)$/, 3],
  'kill once': ['ok', /^$/, 2],
  exit: ['error', /^the process of trials ended \(exit code 7\)$/, 2],
  heap: ['error', /^the process of trials ended \(SIGABRT\)/, 2],
  stuck: ['timeout', /^the process of trials gave no sign of life for 2.5 s$/, 2],
  hang: ['timeout', /^running double took longer than 1000 ms$/, 2],
  compile: ['timeout', /^compiling double took longer than 1500 ms$/, 2],
  'slow compile': ['ok', /^$/, 1],
  'blocking compile': ['ok', /^$/, 1],
  'clocks ahead': ['ok', /^$/, 1],
  'clocks back': ['ok', /^$/, 1],
  'compile segv': ['error', /^the process of trials ended \(SIGSEGV\)/, 3],
  lost: ['error', /^The GPU device .* is lost/, 2],
  memory: ['error', /^No GPU memory for 1024 bytes more$/, 1],
  invalid: ['error', /^The WGSL of kernel 'double' was refused/, 1],
  unbound: ['error', /70000/, 1],
  noise: ['error', /^the process of trials answered with something that is no answer$/, 2],
  negative: ['error', /^the process of trials answered with something that is no answer$/, 2],
  nameless: ['error', /^the process of trials answered with something that is no answer$/, 2],
}

describe.each(Object.entries(FAULTS))('a config with the fault %s', (fault, [status, reason, processes]) => {
  it('costs itself and nothing else', async () => {
    const host = await newHost(fault)
    const x = await ramp([100])
    const before = await x.data()
    const tried = await trial(double, [x], {}, on(host, fault))
    const results = await tried.benchmarker.measure(configs(tried, AMONG_GOOD), patient)
    expect(results.map((result) => result.status)).toEqual(['ok', status, 'ok', 'ok'])
    expect(results[1]?.reason ?? '').toMatch(reason)
    for (const { status: own, ms, compileMs } of results)
      if (own === 'ok') expect([ms > 0 && ms < LONG_MS, (compileMs ?? -1) >= 0]).toEqual([true, true])
    // How many configs are under way at the time is not the same each time.
    expect(host.started).toBeLessThanOrEqual(processes)
    expect(host.started).toBeGreaterThanOrEqual(Math.min(2, processes))
    tried.benchmarker.dispose()
    expect(await x.data()).toEqual(before)
  })
})

it.each(['clocks ahead', 'clocks back'])('%s: a time is none, least of all a short one', async (fault) => {
  const host = await newHost(fault, { without: ['timestamp-query'] })
  const tried = await trial(double, [await ramp([300_000])], {}, on(host))
  const results = await tried.benchmarker.measure(configs(tried, AMONG_GOOD), patient)
  expect(results.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok'])
  for (const { ms, samplesMs } of results) {
    expect([ms, ms > 0 && ms < LONG_MS]).toEqual([ms, true])
    expect(samplesMs.every((sample) => sample >= 0)).toBe(true)
  }
  expect(host.started).toBe(1)
})

describe('arguments that cannot be handed over', () => {
  const refusal = (code: string, syscall: string) => () => {
    throw Object.assign(new Error(`${code}: refused`), { code, syscall })
  }
  it.each([
    ['writeSync', 'ENOSPC', 'write', 'cannot write a file for the arguments: the disk is full'],
    [
      'openSync',
      'EMFILE',
      'open',
      'cannot open a file for the arguments: too many files are open in this process',
    ],
    ['closeSync', 'EDQUOT', 'close', 'cannot use a file for the arguments: the quota of the disk is used up'],
  ] as const)(
    'because of %s %s: configs are tried right here, and that is said',
    async (name, code, syscall, why) => {
      const stderr = listen()
      resetWarnings()
      const [x, own] = [await ramp([100]), { autotuneBenchmarkSubprocess: true }]
      const tried = await trial(double, [x], own)
      const disk = vi.spyOn(fs, name).mockImplementation(refusal(code, syscall) as never)
      const results = await tried.benchmarker.measure(configs(tried, AMONG_GOOD), patient)
      disk.mockRestore()
      tried.benchmarker.dispose()
      expect(results.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok'])
      expect(stderr.text).toBe(
        `helion-aot: configs are tried in this process, because there is none for them: ${why}; ` +
          'a config that crashes ends it. ' +
          'autotuneBenchmarkSubprocess (HELION_AUTOTUNE_BENCHMARK_SUBPROCESS) turns this off.\n',
      )
      vi.restoreAllMocks()
    },
  )

  it('to the process that replaces another one: the search ends with what it has, and says why', async () => {
    const host = await newHost('segv')
    const tried = await trial(double, [await ramp([100])], {}, on(host))
    const open = vi.spyOn(host, 'open')
    const [good, bad, next] = configs(tried, AMONG_GOOD)
    await tried.benchmarker.measure([good as Config], patient)
    rmSync(String(open.mock.calls[0]?.[0].open.data))
    const [lost] = await tried.benchmarker.measure([bad as Config], patient)
    expect(lost?.status).toBe('error')
    const refused = tried.benchmarker.measure([next as Config], patient)
    await expect(refused).rejects.toBeInstanceOf(AdapterError)
    await expect(refused).rejects.toThrow(
      /^the process of trials has no arguments to try configs with: cannot .+: there is no such file/,
    )
  })
})

describe('a search', () => {
  it('goes on past configs that crash, says so, and takes none of them', async () => {
    const logged: string[] = []
    const tried = await trial(double, [await ramp([100])], {}, on(await newHost('segv')))
    const { config, candidates } = await autotune({
      kernel: 'double',
      spec: tried.spec,
      benchmarker: tried.benchmarker,
      settings: { ...tried.settings, skipCache: true, autotuneFinalTargetMs: 10 },
      choices: configs(tried, AMONG_GOOD),
      log: createLog(20, (line) => logged.push(line)),
    })
    expect(config.numWarps).not.toBe(8)
    const statuses = candidates.map(({ status }) => status)
    expect(statuses.filter((status) => status !== 'ok')).toEqual(['error'])
    // Ended by a rule or not, the search has tried something after the crash.
    expect(statuses.slice(statuses.indexOf('error') + 1)).toContain('ok')
    expect(logged.join('\n')).toMatch(/error: the process of trials ended \(SIGSEGV\).*; with .*num_warps: 8/)
  })

  it('does not try more of a family that keeps crashing', async () => {
    const host = await newHost('segv')
    const tried = await trial(double, [await ramp([3000])], {}, on(host))
    const orders = ['flat', 'persistent_blocked', 'persistent_interleaved'] as const
    const inputs = [
      ...orders.map((order) => ({ block_sizes: [512], ...BAD, pid_type: order })),
      { block_sizes: [512], ...BAD, indexing: ['pointer', 'block_ptr'] as const },
      { block_sizes: [512], num_warps: 4 },
      { block_sizes: [256], ...BAD },
    ]
    const results = []
    for (const config of configs(tried, inputs))
      results.push(...(await tried.benchmarker.measure([config], patient)))
    expect(results.map(({ status }) => status)).toEqual([
      'error',
      'error',
      'error',
      'filtered',
      'ok',
      'error',
    ])
    expect(results[3]?.reason).toBe(
      '3 configs with num_warps 8 and tiles of 512 elements were lost (SIGSEGV), and none worked',
    )
    expect(host.started).toBe(4)
  })

  it('has no process some time after the last one, and another one for the next', async () => {
    const host = await newHost('', { idleMs: 1 })
    for (const started of [1, 2]) {
      const tried = await trial(double, [await ramp([100])], {}, on(host))
      const [result] = await tried.benchmarker.measure(configs(tried, [{}]), patient)
      expect([result?.status, host.started]).toEqual(['ok', started])
      const { pid = 0 } = host
      tried.benchmarker.dispose()
      await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 600_000 })
    }
  })

  it('leaves no files behind', async () => {
    const host = await newHost()
    let file = ''
    const tried = await trial(
      double,
      [await ramp([100])],
      {},
      {
        async openRunner({ subject, contents, stream }) {
          const open = host.open.bind(host)
          host.open = (hosted) => {
            file = String(hosted.open.data)
            return open(hosted)
          }
          return await IsolatedRunner.open(host, subject, contents, stream)
        },
      },
    )
    await tried.benchmarker.measure(configs(tried, [{}]), patient)
    expect(existsSync(file)).toBe(true)
    tried.benchmarker.dispose()
    expect(existsSync(file)).toBe(false)
  })
})
