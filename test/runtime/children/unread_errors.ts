/** Two launches fail and nobody reads; then the program is done. */
import { defaultStream } from '../../../src/runtime/default_device.ts'
import { GpuError } from '../../../src/support/errors.ts'

const stream = defaultStream()
for (const what of ['first', 'second'])
  stream.prepare(() => Promise.reject(new GpuError(`the ${what} failed`)), {
    site: { file: 'user.ts', line: what.length, column: 1 },
  })
