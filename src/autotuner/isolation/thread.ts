/** Starts threads whose program is the entry of trials: a built file, or, in this repository, its source. */
import type { Worker, WorkerOptions } from 'node:worker_threads'
import { requireNode } from '../../support/node.ts'

const WHAT = 'a thread'

/** Throws where there are none. What is wrong with the program is an event of the thread. */
export function startThread(path: string, workerData: unknown): Worker {
  const threads = requireNode('worker_threads', WHAT)
  const { pathToFileURL } = requireNode('url', WHAT)
  // Drivers are chosen by variables of the process.
  const options: WorkerOptions = { workerData, env: threads.SHARE_ENV }
  if (!path.endsWith('.ts')) return new threads.Worker(path, options)
  // Node's flags say nothing of loaders to threads.
  const loader = requireNode('module', WHAT)
    .createRequire(path)
    .resolve('tsx/esm/api')
    .replace('.cjs', '.mjs')
  const [tsx, program] = [loader, path].map((file) => JSON.stringify(pathToFileURL(file).href))
  const script = `import(${tsx}).then(({ register }) => (register(), import(${program})))`
  return new threads.Worker(script, { ...options, eval: true })
}
