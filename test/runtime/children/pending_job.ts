/** The last job waits for something that does not keep a process running; it must still be done. */
import { defaultStream } from '../../../src/runtime/default_device.ts'

const later = new Promise((resolve) => setTimeout(resolve, 300).unref())
defaultStream().enqueue({ run: () => console.log('done'), after: later })
