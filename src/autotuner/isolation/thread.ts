/** Threads that answer questions. Their program is the entry of trials. */
import type { Worker, WorkerOptions } from 'node:worker_threads'
import { nodeBuiltin, requireNode } from '../../support/node.ts'

const WHAT = 'a thread'

interface Asked<Question> {
  readonly id: number
  readonly question: Question
}

interface Answered<Answer> {
  readonly id: number
  readonly answer: Answer | undefined
}

/** The thread, seen from the one that asks. It keeps no program from its end that waits for nothing. */
export class AskedThread<Question, Answer> {
  readonly #worker: Worker
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>()
  #questions = 0
  #ended = false

  /** `path` is a file whose program calls `answerQuestions` in a thread. Throws where none are. */
  constructor(path: string, workerData: unknown, onEnd: () => void = () => {}) {
    this.#worker = startThread(path, workerData)
    this.#worker.unref()
    this.#worker.on('message', ({ id, answer }: Answered<Answer>) => this.#answer(id, answer))
    // What is wrong shows where the work is done without it.
    for (const event of ['error', 'exit'])
      this.#worker.on(event, () => {
        this.end()
        onEnd()
      })
  }

  /** Questions without an answer. */
  get load(): number {
    return this.#waiting.size
  }

  /** Undefined where the thread has ended, and where the question holds what cannot be sent. */
  ask(question: Question): Promise<Answer | undefined> {
    if (this.#ended) return Promise.resolve(undefined)
    const id = ++this.#questions
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      // The program goes on until the answer is there.
      this.#worker.ref()
      try {
        this.#worker.postMessage({ id, question } satisfies Asked<Question>)
      } catch {
        this.#answer(id, undefined)
      }
    })
  }

  /** Asks nothing more. Drivers do not survive that a thread of theirs is ended: it stays, without work. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    for (const id of [...this.#waiting.keys()]) this.#answer(id, undefined)
    this.#worker.postMessage(undefined)
  }

  #answer(id: number, answer: Answer | undefined): void {
    this.#waiting.get(id)?.(answer)
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#worker.unref()
  }
}

/** The thread's own program; `onEnd` when nothing more is asked. */
export function answerQuestions<Question, Answer>(
  answerTo: (question: Question) => Answer | Promise<Answer>,
  onEnd: () => void = () => {},
): void {
  const port = nodeBuiltin('worker_threads')?.parentPort
  port?.on('message', async (asked: Asked<Question> | undefined) => {
    if (!asked) return onEnd()
    const answer = await answerTo(asked.question)
    port.postMessage({ id: asked.id, answer } satisfies Answered<Answer>)
  })
}

/** A built file runs as it is; in this repository, its source does. */
function startThread(path: string, workerData: unknown): Worker {
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
