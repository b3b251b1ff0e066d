/**
 * A process that stores results of one task over and over, in a folder that holds two. Arguments: the
 * folder, the process's own name, how often at least, and the file that says that it is enough.
 */
import { existsSync } from 'node:fs'
import { EntryFolder } from '../../../src/autotuner/cache/entry_folder.ts'
import { ResultStore } from '../../../src/autotuner/cache/result_store.ts'
import { CONTENDED } from '../contended.ts'

const [root = '', name = '', count = '', enough = ''] = process.argv.slice(2)
const limits = { maxEntries: 2, maxBytes: 1e9 }
const store = new ResultStore('strict', EntryFolder.below(root, limits))
for (let i = 0; i < Number(count) || !existsSync(enough); i++) {
  const key = { ...CONTENDED.key, driver: i % 3 === 0 ? `${name} ${i}` : CONTENDED.key.driver }
  await store.put({ ...CONTENDED, key, search: name.repeat(1 + 500 * (i % 7)) })
}
