/**
 * A real browser without windows: the Chromium that the npm package of the embedded adapter carries, on its
 * SwiftShader, driven through pipes. Pages come from a server of the test's own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, extname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'
import * as tar from 'tar'
import { temporaryFolder } from './temporary_folder.ts'

export interface BrowserPage {
  /** What the console showed so far. */
  readonly said: readonly string[]
  /** The value of an expression, or of its promise, as JSON. Rejects with what it throws. */
  evaluate(expression: string): Promise<unknown>
}

/** What the server answers for a path. */
export interface Served {
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

const FLAGS = [
  '--no-sandbox',
  '--no-zygote',
  '--remote-debugging-pipe',
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-webgpu-adapter=swiftshader',
  '--use-vulkan=swiftshader',
  '--use-angle=swiftshader',
  '--ignore-gpu-blocklist',
]
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '': 'text/html' }

interface Reply {
  readonly id?: number
  readonly method?: string
  readonly sessionId?: string
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

export class Chromium {
  readonly #process: ChildProcess
  readonly #server: Server
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  readonly #pages = new Map<string, string[]>()
  #count = 0

  private constructor(process: ChildProcess, server: Server) {
    this.#process = process
    this.#server = server
    let rest = ''
    ;(process.stdio[4] as Readable).on('data', (piece: Uint8Array) => {
      const messages = (rest + piece).split('\0')
      rest = messages.pop() ?? ''
      for (const message of messages) this.#received(JSON.parse(message) as Reply)
    })
  }

  /** Serves `files` by their paths, and what else is wanted from a folder. */
  static async open(files: Readonly<Record<string, Served>>, folder?: string): Promise<Chromium> {
    const server = createServer(({ url = '' }, response) => {
      const file = files[url] ?? (folder === undefined ? undefined : readServed(join(folder, url)))
      response.writeHead(file ? 200 : 404, { 'content-type': TYPES[extname(url)], ...file?.headers })
      response.end(file?.body)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { binary, libraries } = await unpack()
    const args = [...FLAGS, `--user-data-dir=${temporaryFolder()}`]
    const stdio = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] as const
    const env = { ...process.env, LD_LIBRARY_PATH: libraries }
    return new Chromium(spawn(binary, args, { stdio: [...stdio], env }), server)
  }

  async page(path: string): Promise<BrowserPage> {
    const { port } = this.#server.address() as AddressInfo
    const target = await this.#send('Target.createTarget', { url: 'about:blank' })
    const attached = await this.#send('Target.attachToTarget', { ...target, flatten: true })
    const { sessionId } = attached as { sessionId: string }
    const said: string[] = []
    this.#pages.set(sessionId, said)
    await this.#send('Runtime.enable', {}, sessionId)
    await this.#send('Page.navigate', { url: `http://127.0.0.1:${port}${path}` }, sessionId)
    const evaluate = (expression: string) => this.#evaluate(expression, sessionId)
    await evaluate(
      `document.readyState === 'complete' || new Promise((done) => addEventListener('load', done))`,
    )
    return { said, evaluate }
  }

  /** Ends the process of the GPU, as browsers do when a shader does not end; another one takes its place. */
  async stopGpu(): Promise<void> {
    await this.#send('Browser.crashGpuProcess', {})
  }

  async close(): Promise<void> {
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #evaluate(expression: string, sessionId: string): Promise<unknown> {
    const wanted = { expression, awaitPromise: true, returnByValue: true }
    const { result, exceptionDetails: thrown } = (await this.#send(
      'Runtime.evaluate',
      wanted,
      sessionId,
    )) as {
      result: { value?: unknown }
      exceptionDetails?: { text: string; exception?: { description?: string } }
    }
    if (thrown) throw new Error(thrown.exception?.description ?? thrown.text)
    return result.value
  }

  async #send(method: string, params: object, sessionId?: string): Promise<object> {
    const id = ++this.#count
    const replied = new Promise<Reply>((resolve) => this.#waiting.set(id, resolve))
    ;(this.#process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    const { result, error } = await replied
    if (error) throw new Error(`${method}: ${error.message}`)
    return result as object
  }

  #received({ id, method, params, sessionId = '', ...reply }: Reply): void {
    if (id !== undefined) this.#waiting.get(id)?.(reply)
    if (method !== 'Runtime.consoleAPICalled') return
    const { args } = params as { args: readonly { value?: unknown }[] }
    this.#pages.get(sessionId)?.push(args.map(({ value }) => String(value)).join(' '))
  }
}

function readServed(path: string): Served | undefined {
  return existsSync(path) ? { body: readFileSync(path, 'utf8') } : undefined
}

/** The browser and the libraries that it needs beside those of every system. */
async function unpack(): Promise<{ readonly binary: string; readonly libraries: string }> {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium')
  const archives = join(dirname(entry), '..', '..', 'bin')
  const folder = temporaryFolder()
  const binary = join(folder, 'chromium')
  const packed = readFileSync(join(archives, 'chromium.br'))
  writeFileSync(binary, await promisify(brotliDecompress)(packed), { mode: 0o755 })
  for (const name of ['swiftshader', 'al2023'])
    await tar.x({ file: join(archives, `${name}.tar.br`), cwd: folder, brotli: true })
  return { binary, libraries: join(folder, 'lib') }
}
