/**
 * Appending records: what is on the disk after each step, and after a process was killed in the middle of a
 * line.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textLines } from '../../../src/aot/lines.ts'
import { readRecords } from '../../../src/aot/records.ts'
import { RecordWriter } from '../../../src/aot/run/record_writer.ts'
import { extractFeatures, type Features, keyFeatures } from '../../../src/heuristics/features.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { kernelRecord, measured, RUN, tuned } from './records_for_tests.ts'

function read(path: string) {
  return readRecords(textLines(readFileSync(path, 'utf8')), path)
}

describe('RecordWriter', () => {
  it('writes one line for each record, readable at once, and creates folders', () => {
    const path = join(temporaryFolder(), 'deep', 'er', 'records.jsonl')
    const writer = new RecordWriter(path)
    writer.append(RUN, kernelRecord('add'))
    expect(read(path)).toMatchObject({ records: [RUN, kernelRecord('add')], problems: [] })
    writer.append(tuned('add', 64, { num_warps: 4 }))
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(4)
    writer.close()
  })

  it('writes features of every call as they are read again', () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    const writer = new RecordWriter(path)
    // JSON has no -0.
    const number = fc.oneof(fc.double(), fc.float(), fc.integer()).map((value) => value + 0)
    const scalar = fc.oneof(number, fc.boolean())
    const text = fc.string({ maxLength: 1200, size: 'max' })
    const key = fc.array(fc.oneof(scalar, text, fc.constant(null), fc.bigInt()), { maxLength: 4 })
    const features = fc.oneof(
      fc.array(scalar, { maxLength: 4 }).map((args) => extractFeatures(args)),
      key.map(keyFeatures),
    )
    const written: Features[] = []
    fc.assert(
      fc.property(features, (shape_features) => {
        written.push(shape_features)
        writer.append({ event: 'shape', kernel: 'add', shape_hash: 'one', shape_features })
      }),
    )
    const { records, problems } = read(path)
    expect(problems).toEqual([])
    expect(records.map((record) => 'shape_features' in record && record.shape_features)).toEqual(written)
  })

  it('goes on behind what is there', () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    for (const record of [RUN, kernelRecord('add'), measured('add', 64, {}, 2)]) {
      const writer = new RecordWriter(path)
      writer.append(record)
      writer.close()
    }
    expect(read(path).records.map(({ event }) => event)).toEqual(['run', 'kernel', 'measurement'])
  })

  it('closes a torn line, which costs that line and no other', () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    writeFileSync(path, `${JSON.stringify(RUN)}\n{"event":"kernel","ker`)
    const writer = new RecordWriter(path)
    writer.append(kernelRecord('add'))
    writer.close()
    const { records, problems } = read(path)
    expect(records).toEqual([RUN, kernelRecord('add')])
    expect(problems).toMatchObject([{ line: 2, kind: 'torn' }])
  })

  it('does not tear lines of another process that appends to the same file', () => {
    const path = join(temporaryFolder(), 'records.jsonl')
    const writer = new RecordWriter(path)
    for (let i = 1; i <= 20; i++) {
      writer.append(measured('add', i, {}, i))
      appendFileSync(path, `${JSON.stringify(measured('mul', i, {}, i))}\n`)
    }
    writer.close()
    expect(read(path)).toMatchObject({ problems: [] })
    expect(read(path).records).toHaveLength(40)
  })
})
