/** A file that grows by lines: also where the disk is full in the middle of one. */
import fs, { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, expect, it, vi } from 'vitest'
import { AppendFile } from '../../src/support/append_file.ts'
import { refuses } from '../disk_refusal.ts'
import { temporaryFolder } from '../temporary_folder.ts'

afterEach(() => vi.restoreAllMocks())

/** From now on there is room for so many bytes at a time: what is written is cut, then refused. */
function diskOf(rooms: readonly number[]): void {
  const { writeSync } = fs
  const left = [...rooms]
  const write = (file: number, bytes: Uint8Array | string, at = 0): number => {
    const data = Buffer.from(bytes as Uint8Array).subarray(at)
    const [room = Number.POSITIVE_INFINITY] = left
    if (room > 0) {
      const taken = Math.min(room, data.length)
      left[0] = room - taken
      return writeSync(file, data.subarray(0, taken))
    }
    left.shift()
    return refuses('ENOSPC', 'write')
  }
  vi.spyOn(fs, 'writeSync').mockImplementation(write as typeof fs.writeSync)
}

it('says so when a line did not fit, and never joins it with another', () => {
  const folder = temporaryFolder()
  let run = 0
  const texts = fc.array(fc.string({ maxLength: 12 }), { maxLength: 8 })
  fc.assert(
    fc.property(texts, fc.array(fc.nat(30), { maxLength: 5 }), (lines, rooms) => {
      const file = new AppendFile(join(folder, String(run++)))
      diskOf(rooms)
      const whole = lines.map((text, index) => JSON.stringify([index, text]))
      const written = whole.filter((line) => {
        try {
          file.append(`${line}\n`)
          return true
        } catch {
          return false
        }
      })
      vi.restoreAllMocks()
      file.close()
      const found = readFileSync(file.path, 'utf8').split('\n')
      expect(found.filter((line) => written.includes(line))).toEqual(written)
      expect(found.filter((line) => ['', ...whole].every((each) => !each.startsWith(line)))).toEqual([])
    }),
  )
})
