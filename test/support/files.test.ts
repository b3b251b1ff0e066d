/** Files are written whole or not at all, names stay in their folder, and faults of files are sentences. */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DataError } from '../../src/support/errors.ts'
import { atPath, fileError } from '../../src/support/file_errors.ts'
import { insideFolder, readText, writeFileAtomic } from '../../src/support/files.ts'
import { temporaryFolder } from '../temporary_folder.ts'

function thrown(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('a path inside a folder', () => {
  it.each(['a.ts', '.hidden', 'ü', 'a b', '...', `${'x'.repeat(255)}`])('exists for %j', (name) => {
    expect(insideFolder('here', name)).toBe(join('here', name))
  })

  it.each([
    '',
    '.',
    '..',
    '../evil',
    'a/b',
    '/abs',
    'a\\b',
    'c:d',
    'a\0b',
    'a\nb',
    'x'.repeat(256),
    'ü'.repeat(128),
  ])('is refused for %j', (name) => {
    expect(() => insideFolder('here', name)).toThrow(DataError)
    expect(() => insideFolder('here', name)).toThrow(/cannot be the name of a file in here\n {2}Use a name /)
  })

  it('never leads out', () => {
    const parts = fc.array(fc.constantFrom('.', '..', '/', '\\', 'a', '\0', ':'), { maxLength: 6 })
    fc.assert(
      fc.property(parts, (some) => {
        try {
          expect(join(insideFolder('/a/b', some.join('')), '..')).toBe('/a/b')
        } catch (error) {
          expect(error).toBeInstanceOf(DataError)
        }
      }),
    )
  })
})

describe('writing', () => {
  it('takes the longest name, and leaves nothing behind', () => {
    const folder = temporaryFolder()
    const name = 'x'.repeat(255)
    writeFileAtomic(join(folder, 'new', name), 'text')
    expect(readdirSync(join(folder, 'new'))).toEqual([name])
    expect(readText(join(folder, 'new', name))).toBe('text')
  })

  it('keeps what is there when it fails', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'a'))
    writeFileSync(join(folder, 'a', 'inner'), '')
    const error = thrown(() => writeFileAtomic(join(folder, 'a'), 'text'))
    expect(fileError(error)?.message).toBe(
      `cannot write ${join(folder, 'a')}: a folder is there where a file belongs\n` +
        '  Remove or rename that folder, or name a file.',
    )
    expect(readdirSync(folder)).toEqual(['a'])
  })
})

describe('faults', () => {
  const folder = temporaryFolder()
  const path = (name: string) => join(folder, name)
  writeFileSync(path('file'), '')
  mkdirSync(path('folder'))
  symlinkSync('round', path('round'))
  symlinkSync('nowhere', path('dangling'))

  it.each([
    ['missing', () => readText(path('missing')), 'cannot open …/missing: there is no such file or folder'],
    ['a dangling link', () => readText(path('dangling')), 'cannot open …/dangling: there is no such file'],
    [
      'a folder',
      () => readText(path('folder')),
      'cannot read …/folder: a folder is there where a file belongs',
    ],
    ['a circle', () => readText(path('round')), 'cannot open …/round: its symbolic links lead in a circle'],
    ['a long name', () => readText(path('x'.repeat(300))), 'its name is too long'],
    ['below a file', () => readText(path('file/x')), 'cannot open …/file/x: a file is there where a folder'],
    [
      'a folder below a file',
      () => writeFileAtomic(path('file/x/y'), ''),
      'cannot make the folder …/file: a file is there where a folder belongs',
    ],
    [
      'a folder where a file is',
      () => writeFileAtomic(path('file/x'), ''),
      'cannot make the folder …/file: a file is there where a folder belongs',
    ],
    ['a full disk', () => atPath('/dev/full', () => writeFileSync('/dev/full', 'x')), 'the disk is full'],
  ])('%s', (_, work, message) => {
    const sentence = fileError(thrown(work))
    expect(sentence).toBeInstanceOf(DataError)
    expect(sentence?.message.replaceAll(folder, '…')).toContain(message)
    expect(sentence?.remedy).toMatch(/\.$/)
  })

  it('of which nobody heard keep their code', () => {
    const odd = Object.assign(new Error('odd'), { code: 'EODD', syscall: 'open', path: 'p' })
    expect(fileError(odd)?.what).toBe('cannot open p: the operating system says EODD')
  })

  it('a folder that is gone', () => {
    const gone = Object.assign(new Error(), { code: 'ENOENT', syscall: 'uv_cwd' })
    expect(fileError(gone)?.what).toBe('the working directory does not exist any more')
  })

  it('are told from bugs', () => {
    const errors = [
      new TypeError('x'),
      'text',
      undefined,
      Object.assign(new Error(), { code: 'ERR_INVALID_ARG_TYPE' }),
    ]
    expect(errors.map((error) => fileError(error))).toEqual(errors.map(() => undefined))
  })

  it('a file that was read is as it was', () => {
    writeFileSync(path('bom'), '\uFEFFtext')
    expect([readText(path('bom')), readFileSync(path('bom'), 'utf8')]).toEqual(['text', '\uFEFFtext'])
    rmSync(path('bom'))
  })
})
