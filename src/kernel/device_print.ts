/** What a launch has printed by `hl.print`, read back and said. */
import { type Prints, printedLines } from '../ir/prints.ts'
import type { Storage } from '../runtime/memory/storage.ts'
import type { Stream } from '../runtime/stream.ts'
import { say } from '../support/log.ts'

/** Says what the work that was just put on the stream prints, once it is done. */
export function printAfter(
  { count, words, sites }: Prints,
  storages: readonly Storage[],
  stream: Stream,
): void {
  const read = async (id: number): Promise<Int32Array> => {
    const storage = storages[id]
    if (!storage) throw new Error(`no storage for tensor ${id}`)
    return new Int32Array(await stream.read(storage))
  }
  const print = async (): Promise<void> => {
    const [counted, printed] = await Promise.all([read(count), read(words)])
    for (const line of printedLines(sites, counted[0] ?? 0, printed)) say(line, 'info')
  }
  // What went wrong is told to whoever waits for the results.
  print().catch(() => undefined)
}
