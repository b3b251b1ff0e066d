#!/usr/bin/env node
/**
 * The command `helion-aot`: checks the version of Node, then hands over to the command line in dist/cli.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`helion-aot needs Node 20.19 or newer; this is ${process.versions.node}`)
  process.exit(1)
}
const { runProcess } = await import('../dist/cli/main.js').catch((error) => {
  console.error(`helion-aot: this package cannot be loaded: ${error.message}`)
  console.error('  See to what the message names, or install the package again.')
  process.exit(1)
})
await runProcess(process.argv.slice(2))
