/** Buffers are reused by size class, within a limit, and never handed out twice. */
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { BufferPool, sizeClass } from '../../src/runtime/memory/buffer_pool.ts'
import { Storage } from '../../src/runtime/memory/storage.ts'
import { UsageError } from '../../src/support/errors.ts'

const LIMIT = 2 ** 20 + 7

let log: string[]
let pool: BufferPool

beforeEach(() => {
  log = []
  const create = (bytes: number) => ({ destroy: () => log.push(`destroy ${bytes}`) }) as unknown as GPUBuffer
  pool = new BufferPool(create, {
    maxBindingBytes: LIMIT,
    shaderF16: false,
    maxIdleBytes: 2048,
    beforeDestroy: () => log.push('before'),
    afterDestroy: (id) => log.push(`after ${id}`),
  })
})

describe('sizeClass', () => {
  it('is a multiple of 16, at least the request and at most an eighth more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 257, max: 2 ** 33 }), (bytes) => {
        const size = sizeClass(bytes)
        expect(size % 16).toBe(0)
        expect(size).toBeGreaterThanOrEqual(bytes)
        expect(size).toBeLessThanOrEqual(Math.ceil(bytes / 16) * 16 * 1.125)
        expect(sizeClass(size)).toBe(size)
      }),
    )
  })

  it('has one class for everything small', () => {
    expect([0, 1, 100, 256].map(sizeClass)).toEqual([256, 256, 256, 256])
  })
})

describe('BufferPool', () => {
  it('reuses the buffer given back last', () => {
    const [a, b] = [pool.take(300, 'f32'), pool.take(300, 'f32')]
    expect(a.id).not.toBe(b.id)
    pool.giveBack(a)
    pool.giveBack(b)
    expect(pool.take(310, 'u32')).toBe(b)
    expect(pool.take(310, 'u32')).toBe(a)
    expect(pool.stats).toEqual({ liveBytes: 640, idleBytes: 0, created: 2 })
  })

  it('does not reuse a buffer of another size', () => {
    const a = pool.take(300, 'f32')
    pool.giveBack(a)
    expect(pool.take(1000, 'f32')).not.toBe(a)
    expect(pool.stats).toEqual({ liveBytes: 1024, idleBytes: 320, created: 2 })
  })

  it('destroys the longest unused beyond the limit, after what may use it was submitted', () => {
    const blocks = [1024, 1024, 512].map((bytes) => pool.take(bytes, 'f32'))
    for (const block of blocks) pool.giveBack(block)
    expect(log).toEqual(['before', 'destroy 1024', `after ${blocks[0]?.id}`])
    expect(pool.stats.idleBytes).toBe(1536)
    expect(pool.take(1024, 'f32')).toBe(blocks[1])
  })

  it('forgets everything idle on trim, and nothing in use', () => {
    const [kept, idle] = [pool.take(300, 'f32'), pool.take(300, 'f32')]
    pool.giveBack(idle)
    pool.trim()
    pool.trim()
    expect(log).toEqual(['before', 'destroy 320', `after ${idle.id}`])
    expect(pool.stats).toEqual({ liveBytes: 320, idleBytes: 0, created: 2 })
    expect(pool.take(300, 'f32')).not.toBe(kept)
  })

  it('makes no buffer larger than what can be bound', () => {
    expect(pool.take(2 ** 20 - 1, 'f32').bytes).toBe(2 ** 20)
    expect(() => pool.take(2 ** 20 + 1, 'f32')).toThrow(UsageError)
    expect(() => pool.take(2 ** 20 + 1, 'f32')).toThrow(
      'A f32 tensor of 1048577 bytes is larger than this device can bind (1048576 bytes)',
    )
  })

  it('makes no buffer of more elements than 32 bits count, which only those of four bits can have', () => {
    const options = { shaderF16: true, maxIdleBytes: 0, beforeDestroy: () => {}, afterDestroy: () => {} }
    const large = new BufferPool(() => ({}) as GPUBuffer, { ...options, maxBindingBytes: 2 ** 32 - 4 })
    for (const dtype of ['f32', 'f16', 'i8'] as const)
      expect(() => large.check(2 ** 32 - 16, dtype)).not.toThrow()
    expect(() => large.check(2 ** 31 - 1, 'i4')).not.toThrow()
    expect(() => large.check(2 ** 31, 'i4')).toThrow(
      'A i4 tensor of 4294967296 elements is longer than 32-bit places count (4294967295)\n' +
        '  Split it into several tensors.',
    )
  })

  it('refuses f16 without shader-f16', () => {
    expect(() => pool.take(2, 'f16')).toThrow('dtype f16 need an adapter with the feature shader-f16')
  })
})

describe('Storage', () => {
  it('takes a buffer on first use and gives it back once', () => {
    const storage = new Storage(300, 'f32')
    expect([storage.allocated, pool.stats.created]).toEqual([false, 0])
    const block = storage.in(pool)
    expect(storage.in(pool)).toBe(block)
    storage.release()
    storage.release()
    expect(pool.stats).toEqual({ liveBytes: 0, idleBytes: 320, created: 1 })
    expect(() => storage.in(pool)).toThrow('used after it was given back')
  })
})
