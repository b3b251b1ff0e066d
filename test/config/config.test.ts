import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Config } from '../../src/config/config.ts'
import { ConfigError, DataError } from '../../src/support/errors.ts'
import { temporaryFolder } from '../temporary_folder.ts'

const folder = temporaryFolder()

const sample = {
  block_sizes: [32, 64],
  num_warps: 8,
  reduction_loops: [null, 512],
  indexing: 'pointer',
} as const

describe('Config', () => {
  it('is frozen throughout and independent of what it was made from', () => {
    const sizes = [32, 64]
    const config = new Config({ block_sizes: sizes })
    sizes[0] = 1
    expect(config.blockSizes).toEqual([32, 64])
    expect(Object.isFrozen(config.data)).toBe(true)
    expect(Object.isFrozen(config.data.block_sizes)).toBe(true)
  })

  it.each([null, [1], 'num_warps: 4', 5])('is not made of %j', (input) => {
    expect(() => new Config(input as never)).toThrow(ConfigError)
    expect(() => new Config(input as never)).toThrow(/^a config is an object of fields, .*\n {2}Write/)
  })

  it('leaves out nulls', () => {
    expect(new Config({ maxnreg: null, num_warps: 2, pid_type: undefined as never }).data).toEqual({
      num_warps: 2,
    })
  })

  it('turns singular names into lists of one', () => {
    const config = new Config({ block_size: 64, loop_order: [1, 0], reduction_loop: 256, flatten_loop: true })
    expect(config.data).toEqual({
      block_sizes: [64],
      loop_orders: [[1, 0]],
      reduction_loops: [256],
      flatten_loops: [true],
    })
  })

  it('refuses a singular name beside its plural', () => {
    expect(() => new Config({ block_size: 1, block_sizes: [2] })).toThrow(
      new ConfigError('config has both block_size and block_sizes', { remedy: 'Keep block_sizes.' }),
    )
  })

  it.each([
    [{ num_warps: 3 }, 'config field num_warps is 3; allowed: a power of two from 1 to 32'],
    [{ num_warps: '4' }, "config field num_warps is '4'; allowed: a power of two from 1 to 32"],
    [
      { block_sizes: [32, 33] },
      'config field block_sizes[1] is 33; ' +
        'allowed: a power of two from 1 to 16777216, one for each tile dimension',
    ],
    [
      { loop_orders: [[0, 2]] },
      'config field loop_orders[0] is [0, 2]; ' +
        'allowed: a permutation of 0, 1, …, one for each multi-dimensional loop',
    ],
    [
      { pid_type: 'round' },
      "config field pid_type is 'round'; " +
        "allowed: 'flat', 'xyz', 'persistent_blocked', 'persistent_interleaved'",
    ],
    [
      { static_ranges: [1] },
      'config field static_ranges[0] is 1; allowed: false, true, one for each device loop',
    ],
    [{ maxnreg: 48 }, 'config field maxnreg is 48; allowed: 32, 64, 128, 256'],
  ])('refuses %j', (data, message) => {
    expect(() => new Config(data as never)).toThrow(new ConfigError(message))
  })

  it.each([
    [{ mine: { a: 1 } }, 'config field mine holds a value of type object'],
    [{ mine: [1, Number.NaN] }, 'config field mine[1] holds NaN'],
  ])('refuses values that are not plain: %j', (data, message) => {
    expect(() => new Config(data as never)).toThrow(message)
  })

  it('reads fields that are absent as their defaults', () => {
    const config = new Config()
    expect([config.numWarps, config.numStages, config.pidType, config.numSmMultiplier]).toEqual([
      4,
      1,
      'flat',
      1,
    ])
    expect([config.blockSizes, config.loopOrders, config.flattenLoops, config.l2Groupings]).toEqual([
      [],
      [],
      [],
      [],
    ])
    expect([config.rangeUnrollFactors, config.staticRanges, config.numThreads]).toEqual([[], [], []])
    expect([config.reductionLoops, config.indexing, config.dotRows]).toEqual([[], [], []])
  })

  it('reads a scalar in a list field as a list of one', () => {
    expect(new Config({ indexing: 'pointer' }).indexing).toEqual(['pointer'])
  })

  it('goes to JSON and back', () => {
    const config = new Config(sample)
    expect(JSON.parse(JSON.stringify(config))).toEqual(sample)
    expect(Config.fromJSON(JSON.stringify(config)).equals(config)).toBe(true)
    expect(Config.fromJSON({ ...sample }).equals(config)).toBe(true)
  })

  it.each(['{', '[1]', 'null', '3'])('refuses the JSON %s', (text) => {
    expect(() => Config.fromJSON(text)).toThrow(DataError)
  })

  it('is equal and hashes by contents, whatever the order', () => {
    const a = new Config({ num_warps: 8, block_sizes: [4] })
    const b = new Config({ block_sizes: [4], num_warps: 8 })
    expect(a.equals(b)).toBe(true)
    expect(a.hash).toBe(b.hash)
    expect(a.hash).toMatch(/^[0-9a-f]{16}$/)
    expect(new Config({ block_sizes: [4], num_warps: 4 }).hash).not.toBe(a.hash)
    expect(new Config({ block_sizes: [4] }).equals(a)).toBe(false)
  })

  it('prints what can be pasted into code', () => {
    const text = new Config({ ...sample, 'odd name': "it's" }).toString()
    expect(text).toBe(
      'new Config({ block_sizes: [32, 64], num_warps: 8, reduction_loops: [null, 512], ' +
        "indexing: 'pointer', 'odd name': 'it\\'s' })",
    )
    expect(new Function('Config', `return ${text}`)(Config).data).toEqual({ ...sample, 'odd name': "it's" })
    expect(new Config().toString()).toBe('new Config()')
  })

  it('saves into new folders, leaves nothing else behind, and loads', () => {
    const path = join(folder, 'a', 'b', 'matmul.json')
    new Config(sample).save(path)
    new Config({ ...sample, num_warps: 2 }).save(path)
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['matmul.json'])
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ ...sample, num_warps: 2 })
    expect(Config.load(path).numWarps).toBe(2)
  })

  it('names the file that cannot be loaded', () => {
    const path = join(folder, 'broken.json')
    writeFileSync(path, '{"num_warps": 5}')
    expect(() => Config.load(path)).toThrow(`cannot load a config from ${path}: config field num_warps is 5`)
    const none = join(folder, 'none.json')
    expect(() => Config.load(none)).toThrow(
      `cannot load a config from ${none}: cannot open ${none}: there is no such file or folder\n  Check`,
    )
    expect(() => Config.load(folder)).toThrow('a folder is there where a file belongs\n  Remove or rename')
  })

  it('says why a config cannot be saved', () => {
    const save = (path: string) => () => new Config(sample).save(path)
    expect(save(folder)).toThrow(DataError)
    expect(save(folder)).toThrow(`cannot write ${folder}: a folder is there where a file belongs`)
    expect(save('/dev/full/x.json')).toThrow('cannot make the folder /dev/full: a file is there')
  })
})

it('prints texts of any kind as literals that mean them', () => {
  for (const text of ["it's", 'a\\b', 'two\nlines', '\u2028', '\0 9', '\ud800', '🙂', '\u{e0001}']) {
    const config = new Config({ odd: text, [`name ${text}`]: [text] })
    const read: unknown = new Function('Config', `return ${config}`)(Config)
    expect(read).toEqual(config)
    expect(String(config)).not.toMatch(/[\p{Cc}\u2028]/u)
  }
})
