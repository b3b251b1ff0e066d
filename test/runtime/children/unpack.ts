/** Unpacks the archive of its first argument below its second and prints the folder. */
import { unpackAdapter } from '../../../src/runtime/adapter/swiftshader.ts'

const [archive = '', parent = ''] = process.argv.slice(2)
console.log((await unpackAdapter(archive, [parent])).folder)
