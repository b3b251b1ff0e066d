/**
 * Time of one call of `key_<kernel>` in nanoseconds, warm, on random shapes, and the bytes it allocates.
 * Usage: npx tsx benchmarks/key_latency.ts [module.ts …]; without modules, those of two built sweeps.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { decide } from '../src/aot/evaluate/decide/decide.ts'
import { toSettings } from '../src/aot/evaluate/decide/settings.ts'
import { moduleText } from '../src/aot/evaluate/emit/module_text.ts'
import { type LoadedModule, runModule } from '../src/aot/evaluate/emit/run_module.ts'
import { median } from '../src/support/maths.ts'
import { Random } from '../src/support/random.ts'
import { matmulSweep, rowSweep, toSweep } from '../test/aot/evaluate/sweeps.ts'

const CALLS = 2_000_000
const SHAPES = 1024

interface Subject {
  readonly name: string
  readonly module: LoadedModule
}

function subjects(paths: readonly string[]): readonly Subject[] {
  if (paths.length > 0)
    return paths.map((path) => {
      const text = readFileSync(path, 'utf8')
      const kernel = /\bkernel: '([^']+)'/.exec(text)?.[1] ?? ''
      return { name: basename(path), module: runModule(text, kernel, path) }
    })
  return [matmulSweep(1), matmulSweep(2, 70, 30, true), rowSweep(3)].map((made, index) => {
    const decision = decide(toSweep(made), toSettings())
    const text = moduleText(decision, { tool: 'benchmark', device: 'none' })
    return {
      name: `${made.kernel} ${index}, ${decision.leaves.length} leaves`,
      module: runModule(text, made.kernel, 'm'),
    }
  })
}

function measure({ module }: Subject): { nanoseconds: number; bytes: number } {
  const random = new Random(7)
  const size = () => Math.round(2 ** (14 * random.next()))
  const tensor = () => ({ shape: [size(), size()], dtype: 'f16' })
  const calls = Array.from({ length: SHAPES }, () => [tensor(), tensor(), tensor()] as const)
  let sum = 0
  const run = (count: number) => {
    for (let call = 0; call < count; call++) {
      const args = calls[call % SHAPES]
      if (args) sum += module.key(args[0], args[1], args[2])
    }
  }
  run(CALLS)
  const before = process.memoryUsage().heapUsed
  run(CALLS / 10)
  const bytes = Math.max(0, process.memoryUsage().heapUsed - before) / (CALLS / 10)
  const times = Array.from({ length: 9 }, () => {
    const start = process.hrtime.bigint()
    run(CALLS / 4)
    return Number(process.hrtime.bigint() - start) / (CALLS / 4)
  })
  if (sum < 0) throw new Error('positions are never negative')
  return { nanoseconds: median(times), bytes }
}

for (const subject of subjects(process.argv.slice(2))) {
  const { nanoseconds, bytes } = measure(subject)
  console.log(
    `${subject.name.padEnd(40)} ${nanoseconds.toFixed(1)} ns a call, ${bytes.toFixed(2)} bytes a call`,
  )
}
