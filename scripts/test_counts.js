/**
 * Prints "passed failed skipped" of a run of vitest, from its JSON report. A run that failed without a failed
 * test (a file that cannot be loaded, an error outside tests, no report at all) counts as one failure more.
 * Usage: node scripts/test_counts.js report.json exit_status
 */
import { readFileSync } from 'node:fs'

const [file = '', status = '1'] = process.argv.slice(2)

function counts() {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
      readFileSync(file, 'utf8'),
    )
    return [numPassedTests, numFailedTests, numPendingTests + numTodoTests]
  } catch {
    return [0, 0, 0]
  }
}

const [passed, failed, skipped] = counts()
const unexplained = status !== '0' && failed === 0
console.log(passed, failed + (unexplained ? 1 : 0), skipped)
