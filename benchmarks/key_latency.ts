/**
 * Time of one call of `key_<kernel>` in nanoseconds, warm, on random shapes, and the bytes it allocates.
 * Usage: npx tsx benchmarks/key_latency.ts [module.ts …]; without modules, those of the pretuned kernels.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median } from '../src/support/maths.ts'
import { Random } from '../src/support/random.ts'
import { type LoadedModule, runModule } from '../test/aot/evaluate/run_module.ts'

const CALLS = 2_000_000
const SHAPES = 1024

function pretuned(): readonly string[] {
  const folder = fileURLToPath(new URL('../pretuned_kernels/', import.meta.url))
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return files.filter((file) => basename(file).startsWith('_helion_aot_')).map((file) => folder + file)
}

function load(path: string): LoadedModule {
  const text = readFileSync(path, 'utf8')
  return runModule(text, /\bkernel: '([^']+)'/.exec(text)?.[1] ?? '', path)
}

function measure(module: LoadedModule): { nanoseconds: number; bytes: number } {
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

const given = process.argv.slice(2)
for (const path of given.length > 0 ? given : pretuned()) {
  const { nanoseconds, bytes } = measure(load(path))
  console.log(
    `${basename(path).padEnd(56)} ${nanoseconds.toFixed(1)} ns a call, ${bytes.toFixed(2)} bytes a call`,
  )
}
