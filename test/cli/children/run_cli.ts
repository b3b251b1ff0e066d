/** The command line from its sources, as `bin/helion-aot.js` runs it from dist/. */
import { runProcess } from '../../../src/cli/main.ts'

await runProcess(process.argv.slice(2))
