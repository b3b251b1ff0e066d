/** Generates code in threads, and prints what came of it: in a process of its own, whose program they run. */
import { isMainThread } from 'node:worker_threads'
import { CodegenThread, serveCodegen } from '../../../src/autotuner/codegen_threads.ts'
import { ConfigGeneration } from '../../../src/autotuner/search/session/config_generation.ts'
import { getDevice, kernel, zeros } from '../../../src/index.ts'
import type { BoundKernel } from '../../../src/kernel/bound_kernel.ts'
import { readArguments } from '../../../src/kernel/call_arguments.ts'
import { Random } from '../../../src/support/random.ts'
import { matmul, softmax } from '../../gpu/kernels.ts'

async function run(): Promise<void> {
  const [, own = '', broken = ''] = process.argv
  const device = await getDevice()
  const textOf = (bound: BoundKernel, config: Parameters<BoundKernel['compile']>[0]) => {
    try {
      return JSON.stringify(bound.compile(config, device))
    } catch (error) {
      return (error as Error).message
    }
  }
  let [same, elsewhere, asked] = [0, 0, 0]
  const thread = new CodegenThread(own)
  const x = zeros([64, 48])
  const kernels = [
    { fn: softmax, args: [x] },
    { fn: matmul, args: [x, zeros([48, 80])] },
  ]
  // More kernels than a thread remembers.
  for (const { fn, args } of [...kernels, ...kernels, ...kernels, ...kernels, ...kernels]) {
    const [ahead, here] = [0, 1].map(() => kernel(fn as typeof softmax).bind(...(args as [typeof x])).bound)
    if (!ahead || !here) throw new Error('no binding')
    const call = readArguments(args)
    const configs = new ConfigGeneration(here.spec(device), new Random(1)).randomPopulation(3)
    const compile: typeof thread.compile = async (...parts) => {
      asked++
      const program = await thread.compile(...parts)
      if (program) elsewhere++
      return program
    }
    await Promise.all(configs.map((config) => ahead.compileAhead(config, device, call, compile)))
    for (const config of configs) if (textOf(ahead, config) === textOf(here, config)) same++
  }
  const ended = new CodegenThread(broken)
  const [first] = kernels
  const { bound } = kernel(softmax).bind(x)
  const config = bound.defaultConfig(readArguments(first?.args ?? []), device)
  await bound.compileAhead(config, device, readArguments([x]), ended.compile)
  const without = textOf(bound, config).includes('wgsl')
  process.stdout.write(JSON.stringify({ same, asked, elsewhere, without }))
}

if (isMainThread) await run()
else serveCodegen()
