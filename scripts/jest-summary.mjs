/** Closes a test run with "N passed, N failed", and with CI=true makes a skipped test a failure: what CI cannot run, it must install. */
import { writeSync } from 'node:fs';
import process from 'node:process';

const isSkipped = (test) => test.status === 'pending' || test.status === 'todo' || test.status === 'disabled';

export default class Summary {
  #error;

  onRunComplete(_contexts, results) {
    const skipped = results.testResults.flatMap((file) =>
      file.testResults.filter(isSkipped).map((test) => `${file.testFilePath}: ${test.fullName}`),
    );
    const strict = process.env.CI === 'true' && skipped.length > 0;
    if (strict) {
      this.#error = new Error(`skipped in CI:\n  ${skipped.join('\n  ')}`);
      process.stderr.write(`\n${this.#error.message}\n`);
    }
    // A file that could not even be loaded counts no test, but it is no success.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites + (strict ? skipped.length : 0);
    const rest = strict ? 0 : skipped.length;
    const line = `${results.numPassedTests} passed, ${failed} failed${rest > 0 ? `, ${rest} skipped` : ''}`;
    // At exit, because jest's own summary comes after every reporter.
    process.once('exit', () => writeSync(1, `\n${line}\n`));
  }

  getLastError() {
    return this.#error;
  }
}
