/** A remote cache behind the folder: it serves, and nothing that it does harms a search. */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { entryText, parseEntry } from '../../src/autotuner/cache/cache_entry.ts'
import { keyText } from '../../src/autotuner/cache/cache_key.ts'
import { storeOf } from '../../src/autotuner/cache/caches.ts'
import { FileShareCache } from '../../src/autotuner/cache/file_share_cache.ts'
import { HttpCache } from '../../src/autotuner/cache/http_cache.ts'
import { Random } from '../../src/support/random.ts'
import type { RemoteCache } from '../../src/support/remote_cache.ts'
import { resolveSettings } from '../../src/support/resolve_settings.ts'
import type { Settings } from '../../src/support/settings.ts'
import { listen } from '../listen.ts'
import { mutated, mutations } from '../mutations.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { heldTimer } from '../timers.ts'
import { CONTENDED } from './contended.ts'
import { type RemoteServer, remoteServer } from './remote_server.ts'
import { PROBLEMS, type Problem, tune } from './synthetic.ts'

const [, row] = PROBLEMS as [Problem, Problem]
const key = { ...CONTENDED.key, kernel: 'row', space: row.spec.fingerprint }
const name = keyText(key, 'loose')
const SECRET = 'secret-token-0123456789'

let server: RemoteServer
let lines: readonly string[]
beforeEach(async () => {
  server = await remoteServer()
  ;({ lines } = listen())
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await server.close()
})

const remotely = (cacheDir: string, changes: Partial<Settings> = {}): Partial<Settings> => ({
  autotuneEffort: 'quick',
  autotuneCache: 'RemoteAutotuneCache',
  remoteCache: server.address,
  remoteCacheTimeout: 300,
  autotuneLogLevel: 30,
  cacheDir,
  ...changes,
})
const search = (cacheDir: string, changes: Partial<Settings> = {}) =>
  tune(row, { settings: remotely(cacheDir, changes), task: { cacheKey: key } })
const store = (cacheDir: string, changes: Partial<Settings> = {}, remote?: RemoteCache) =>
  storeOf(
    resolveSettings(remotely(cacheDir, changes), () => undefined),
    remote,
  )
const result = { ...CONTENDED, key, config: {}, effort: 'quick' as const }

describe.each(['an HTTP server', 'a file share'])('%s', (what) => {
  let remoteCache: string
  beforeEach(() => {
    remoteCache = what === 'a file share' ? temporaryFolder() : server.address
  })

  it('serves another machine, whose folder has the result afterwards', async () => {
    const [one, other] = [temporaryFolder(), temporaryFolder()]
    const first = await search(one, { remoteCache })
    const second = await search(other, { remoteCache })
    expect([first.result.source, second.result.source]).toEqual(['search', 'cache'])
    expect(second.result.config).toEqual(first.result.config)
    expect(readdirSync(join(other, 'configs'))).toEqual([`${name}.best_config`])
    const local = await search(other, { autotuneCache: 'LocalAutotuneCache', remoteCache: null })
    expect(local.result.source).toBe('cache')
    expect(lines).toEqual([])
  })

  it('keeps what a more thorough search has found, and is asked for what the folder has not', async () => {
    const [one, other] = [temporaryFolder(), temporaryFolder()]
    await store(one, { remoteCache }).put({ ...result, effort: 'full', ms: 1 })
    await store(other, { remoteCache }).put({ ...result, effort: 'quick', ms: 2 })
    expect((await store(other, { remoteCache }).get(key, 'quick'))?.ms).toBe(2)
    expect((await store(other, { remoteCache }).get(key, 'full'))?.ms).toBe(1)
    expect((await store(other, { remoteCache }).get(key, 'quick'))?.ms).toBe(1)
  })

  it('is a warning and a miss where what it holds is no entry, and is mended', async () => {
    await store(temporaryFolder(), { remoteCache }).put(result)
    if (what === 'a file share') writeFileSync(join(remoteCache, `${name}.best_config`), '{"torn')
    else for (const path of server.stored.keys()) server.stored.set(path, '{"torn')
    expect((await search(temporaryFolder(), { remoteCache })).result.source).toBe('search')
    expect(lines).toEqual([
      `helion-aot: cannot use the search result ${name} of the remote cache ${remoteCache}: it is no JSON\n`,
    ])
    expect((await search(temporaryFolder(), { remoteCache })).result.source).toBe('cache')
  })
})

describe('writers at the same time', () => {
  it('do not overwrite each other: the loser looks again', async () => {
    const better = entryText({ kind: 'loose', ...result, effort: 'full', ms: 1 })
    let puts = 0
    server.behave = ({ method, url = '' }) => {
      // Just before the first PUT, somebody else is done.
      if (method === 'PUT' && puts++ === 0) server.stored.set(url, better)
      return false
    }
    await store(temporaryFolder()).put({ ...result, effort: 'quick', ms: 2 })
    expect([...server.stored.values()]).toEqual([better])
    expect(puts).toBe(1)
    expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'PUT', 'GET'])
    expect(lines).toEqual([])
  })

  it('replace what is less thorough, by its ETag where the server tells one', async () => {
    await store(temporaryFolder()).put({ ...result, effort: 'quick' })
    await store(temporaryFolder()).put({ ...result, effort: 'full' })
    const puts = server.requests.filter(({ method }) => method === 'PUT')
    expect(puts.map(({ headers }) => headers['if-none-match'])).toEqual(['*', undefined])
    expect(puts[1]?.headers['if-match']).toMatch(/^"[0-9a-f]{64}"$/)
    server.tags = false
    await store(temporaryFolder()).put({ ...result, effort: 'full', ms: 7 })
    expect([...server.stored.values()].map((text) => parseEntry(text).ms)).toEqual([7])
  })
})

describe('a remote cache that fails', () => {
  it.each([
    ['answers 500', () => answers(500), 'it answers 500'],
    ['answers 403', () => answers(403), 'it answers 403\n  Check the token in HELION_REMOTE_CACHE_TOKEN.'],
    ['redirects', () => answers(302, { location: 'http://127.0.0.1:1/' }), 'it answers 302, a redirect'],
    ['hangs', () => hangs(), 'there was no answer for 300 s'],
    ['drips', () => drips(), 'there was no answer for 300 s'],
    ['closes', () => closes(), 'it cannot be reached (UND_ERR_SOCKET)'],
    ['floods', () => floods(), 'it has more than the 1048576 bytes that are allowed'],
  ])('and %s is one warning, and left alone afterwards', async (_, misbehave, reason) => {
    misbehave()
    const folder = temporaryFolder()
    expect((await search(folder)).result.source).toBe('search')
    const asked = server.requests.length
    expect(asked).toBe(1)
    expect((await search(temporaryFolder())).result.source).toBe('search')
    expect(server.requests).toHaveLength(asked)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`helion-aot: the remote cache ${server.address} is not asked: ${reason}`)
    expect((await search(folder)).result.source).toBe('cache')
  })

  it('is nobody there', async () => {
    const remoteCache = 'http://127.0.0.1:9/cache'
    expect((await search(temporaryFolder(), { remoteCache })).result.source).toBe('search')
    expect(lines[0]).toMatch(/^helion-aot: the remote cache \S+ is not asked: it cannot be reached \(\w+/)
  })

  it.each([
    ['is not mounted', () => join(temporaryFolder(), 'share'), 'there is no such file or folder'],
    ['is a file', () => aFile(), 'a file is there where a folder belongs'],
    ['is a circle', () => aCircle(), 'links lead in a circle'],
  ])('and is a share that %s', async (_, make, reason) => {
    const remoteCache = make()
    expect((await search(temporaryFolder(), { remoteCache })).result.source).toBe('search')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(reason)
  })

  it('and takes no writes is told, and serves', async () => {
    const share = temporaryFolder()
    await store(temporaryFolder(), { remoteCache: share }).put(result)
    const readOnly: RemoteCache = {
      name: 'a share',
      get: (key) => new FileShareCache(share).get(key),
      put: () => Promise.reject(Object.assign(new Error('EROFS'), { code: 'EROFS', syscall: 'open' })),
    }
    const own = store(temporaryFolder(), {}, readOnly)
    expect(await own.get(key, 'quick')).toBeDefined()
    await own.put({ ...result, effort: 'full' })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('the remote cache a share does not take the result of this search: ')
    expect(lines[0]).toContain('the file system can only be read')
  })

  it('and never answers, whatever it is told', async () => {
    const silent: RemoteCache = { name: 'silent', get: () => new Promise(() => {}), put: async () => true }
    const own = store(temporaryFolder(), { remoteCacheTimeout: 0.05 }, silent)
    expect(await own.get(key, 'quick')).toBeUndefined()
    await own.put(result)
    expect(lines).toEqual([
      'helion-aot: the remote cache silent is not asked: there was no answer for 0.05 s\n',
    ])
  })

  it('by code of the user, in any way', async () => {
    const broken = { name: 'mine', get: () => 7, put: () => true } as unknown as RemoteCache
    expect(await store(temporaryFolder(), {}, broken).get(key, 'quick')).toBeUndefined()
    expect(lines[0]).toContain('it is of type number, not a text')
    const missing = { name: 'empty' } as unknown as RemoteCache
    expect(await store(temporaryFolder(), {}, missing).get(key, 'quick')).toBeUndefined()
    expect(lines[1]).toContain('the remote cache empty is not asked: ')
  })
})

describe('the token', () => {
  it('goes to the server, and nowhere else', async () => {
    vi.stubEnv('HELION_REMOTE_CACHE_TOKEN', SECRET)
    await search(temporaryFolder())
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(
      server.requests.map(() => `Bearer ${SECRET}`),
    )
    expect([...server.stored.values()].join()).not.toContain(SECRET)
    expect(lines).toEqual([])
  })

  it.each([
    ['with a line break', () => server.address, `${SECRET}\n`, 'characters that cannot be sent'],
    ['to a strange machine', () => 'http://cache.invalid/x', SECRET, 'not sent without encryption'],
    ['to nobody', () => 'https://cache.invalid/x', SECRET, 'it cannot be reached ('],
    ['in vain', refusing, SECRET, 'Check the token in HELION_REMOTE_CACHE_TOKEN.'],
  ])('is in no message: %s', async (_, address, token, reason) => {
    vi.stubEnv('HELION_REMOTE_CACHE_TOKEN', token)
    expect(await store(temporaryFolder(), { remoteCache: address() }).get(key, 'quick')).toBeUndefined()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(reason)
    expect(lines[0]).not.toContain(SECRET)
  })

  it('has no place in the address', () => {
    const make = () => new HttpCache(`https://me:${SECRET}@host/cache`)
    expect(make).toThrow('the address of a remote cache holds a name or password')
    expect(make).not.toThrow(SECRET)
    expect(new HttpCache(`https://host/cache/?sig=${SECRET}`).name).toBe('https://host/cache')
  })
})

describe('which remote cache', () => {
  it('has to be named', () => {
    expect(() => store(temporaryFolder(), { remoteCache: null })).toThrow(
      'RemoteAutotuneCache needs to know where the remote cache is\n' +
        '  Name an https:// address or a folder in remoteCache (HELION_REMOTE_CACHE).',
    )
    expect(() => store(temporaryFolder(), { remoteCache: 's3://bucket' })).toThrow(
      'the address of a remote cache (HELION_REMOTE_CACHE) does not begin with https:// or http://',
    )
  })

  it('is not ignored in silence', () => {
    store(temporaryFolder(), { autotuneCache: 'StrictLocalAutotuneCache' })
    expect(lines).toEqual([
      'helion-aot: a remote cache is named, and StrictLocalAutotuneCache does not use it: ' +
        'choose RemoteAutotuneCache in autotuneCache (HELION_AUTOTUNE_CACHE)\n',
    ])
  })

  it('may be a file: address', async () => {
    const share = temporaryFolder()
    await store(temporaryFolder(), { remoteCache: `file://${share}` }).put(result)
    expect(readdirSync(share)).toEqual([`${name}.best_config`])
  })
})

describe('mutated answers', () => {
  it('never harm a search', async () => {
    const whole = entryText({ kind: 'loose', ...result })
    const random = new Random(11)
    let text = ''
    const remote: RemoteCache = { name: 'liar', get: async () => text, put: async () => true }
    for (let i = 0; i < mutations(); i++) {
      text = mutated(whole, random)
      const folder = temporaryFolder()
      const found = await store(folder, {}, remote).get(key, 'quick')
      const path = join(folder, 'configs', `${name}.best_config`)
      if (found) expect(entryText(parseEntry(readFileSync(path, 'utf8')))).toBe(entryText(found))
      rmSync(folder, { recursive: true })
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})

function answers(status: number, headers: Record<string, string> = {}): void {
  server.behave = (_, response) => {
    response.writeHead(status, headers).end('no')
    return true
  }
}

function refusing(): string {
  answers(401)
  return server.address
}

function hangs(): void {
  const end = heldTimer(300_000)
  server.behave = () => {
    end()
    return true
  }
}

/** An answer that never ends. */
function drips(): void {
  const end = heldTimer(300_000)
  server.behave = (_, response) => {
    end()
    response.writeHead(200)
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
    return true
  }
}

function closes(): void {
  server.behave = (_, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('{', () => response.destroy())
    return true
  }
}

function floods(): void {
  server.behave = (_, response) => {
    response.writeHead(200)
    const part = ' '.repeat(2 ** 16)
    const pour = (): void => {
      while (!response.destroyed && response.write(part));
      if (!response.destroyed) response.once('drain', pour)
    }
    pour()
    return true
  }
}

function aFile(): string {
  const path = join(temporaryFolder(), 'share')
  writeFileSync(path, '')
  return path
}

function aCircle(): string {
  const folder = join(temporaryFolder(), 'folder')
  mkdirSync(folder)
  const path = join(folder, 'share')
  symlinkSync(path, path)
  return path
}
