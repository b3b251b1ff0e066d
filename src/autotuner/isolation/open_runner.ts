/**
 * Where the programs of a call are tried: in a process of their own, in browsers a Web Worker, when the
 * settings want that and there can be one, else on the device of the call itself.
 */
import type { Device } from '../../runtime/device.ts'
import { warnOnce } from '../../support/log.ts'
import { nodeProcess } from '../../support/node.ts'
import { settingText } from '../../support/resolve_settings.ts'
import { LocalRunner } from '../trial/local_runner.ts'
import type { RunnerRequest, TrialRunner } from '../trial/trial_runner.ts'
import { CannotIsolate } from './connection.ts'
import { IsolatedRunner } from './isolated_runner.ts'
import { TrialHost } from './trial_host.ts'

/** How the warning begins and ends where nothing else can try them. */
const HERE = nodeProcess
  ? ['configs are tried in this process, because there is none for them', 'a config that crashes ends it']
  : ['configs are tried in the page itself, because no worker can', 'one that does not end stops the search']

/** One process or worker for each adapter, kept for the life of this one. */
const HOSTS = new Map<string, TrialHost>()

/** Rejects with GpuError when there is no memory for trials. */
export async function openRunner(request: RunnerRequest): Promise<TrialRunner> {
  const { device, stream, settings, subject, contents, onHanded } = request
  if (settings.autotuneBenchmarkSubprocess) {
    try {
      return await IsolatedRunner.open(hostFor(device), subject, contents, stream, onHanded)
    } catch (error) {
      if (!(error instanceof CannotIsolate)) throw error
      const why = error.message.replaceAll(/\s*\n[\s-]*/g, ' ')
      warnOnce(
        `isolation ${why}`,
        `helion-aot: ${HERE[0]}: ${why}; ` +
          `${HERE[1]}. ${settingText('autotuneBenchmarkSubprocess')} turns this off.`,
      )
    }
  }
  const patienceMs = settings.autotuneBenchmarkTimeout * 1000
  return await LocalRunner.open({ device, stream, subject, patienceMs }, contents)
}

function hostFor({ options, info }: Device): TrialHost {
  const { adapter = '', without = [] } = options
  const key = JSON.stringify([adapter, without, info])
  const host = HOSTS.get(key) ?? new TrialHost({ adapter, without, info })
  HOSTS.set(key, host)
  return host
}
