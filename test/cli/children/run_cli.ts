/** The command line from its sources, as `bin/helion-aot.js` runs it from dist/. */
import { main } from '../../../src/cli/main.ts'

process.exitCode = await main(process.argv.slice(2))
