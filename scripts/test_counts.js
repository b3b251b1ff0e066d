/**
 * Prints "passed failed skipped" of a run of vitest, from its JSON report, and the names of failed tests on
 * standard error. A run that failed without a failed test (a file that cannot be loaded, an error outside
 * tests, no report at all) counts as one failure more.
 * Usage: node scripts/test_counts.js report.json exit_status
 */
import { readFileSync } from 'node:fs'

const [file = '', status = '1'] = process.argv.slice(2)

function report() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return {}
  }
}

const {
  numPassedTests = 0,
  numFailedTests = 0,
  numPendingTests = 0,
  numTodoTests = 0,
  testResults = [],
} = report()
const unexplained = status !== '0' && numFailedTests === 0
console.log(numPassedTests, numFailedTests + (unexplained ? 1 : 0), numPendingTests + numTodoTests)

for (const { name, status: verdict, message, assertionResults } of testResults) {
  const failed = assertionResults.filter((test) => test.status === 'failed')
  for (const { fullName, failureMessages = [] } of failed)
    console.error(`FAILED: ${name}: ${fullName}\n${failureMessages.join('\n')}`)
  if (verdict === 'failed' && failed.length === 0) console.error(`FAILED: ${name}: ${message}`)
}
if (unexplained) console.error(`FAILED: vitest ended with ${status} without a failed test`)
