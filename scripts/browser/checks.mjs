// Checks of pages in Chromium: each is a sentence that holds for what a reader sees.
import { launchChromium } from './chromium.mjs';

/** Throws the problem unless something holds. */
export function ensure(holds, problem) {
  if (!holds) {
    throw new Error(problem);
  }
}

/**
 * Starts Chromium for checks, or prints why it cannot, and ends this process.
 *
 * @param own Returns whether an address may be asked: a request to any other fails the check.
 * @param ignored Messages of the console that are no problems; all other errors and warnings fail the check.
 * @returns `check(sentence, address, body, options)`, which opens a page in a browser context with these options, and `conclude()`. The option
 * `expected` is for messages that the check itself causes.
 */
export async function browserChecks(own, ignored = /^$/) {
  const browser = await launchChromium().catch((error) => {
    process.stderr.write(`${error.message}\n0 passed, 1 failed\n`);
    process.exit(1);
  });
  let passed = 0;
  let failed = 0;

  async function check(promise, address, body, { expected = ignored, ...options } = {}) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const problems = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && !expected.test(message.text()) && problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => /^https?:/.test(request.url()) && !own(request.url()) && problems.push(`request to ${request.url()}`));
    try {
      await page.goto(address, { waitUntil: 'networkidle' });
      const figure = await body(page, context);
      ensure(problems.length === 0, problems.join('; '));
      passed += 1;
      process.stdout.write(`✓ ${promise}${figure ? `: ${figure}` : ''}\n`);
    } catch (error) {
      failed += 1;
      process.stdout.write(`✗ ${promise}: ${error.message}${problems.length ? ` (${problems.join('; ')})` : ''}\n`);
    } finally {
      await context.close();
    }
  }

  /** Prints how many checks passed, and returns the exit code. */
  async function conclude() {
    await browser.close();
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
    return failed ? 1 : 0;
  }
  return { check, conclude };
}
