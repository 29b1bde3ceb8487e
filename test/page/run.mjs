// Tries the page of `cdk-tensorflow open` and of `explorer` in Chromium: the bundled command before the LiteRT server with the digits, and before
// invented models; and the LiteRT server itself.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { bundledCommand } from '../../scripts/browser/bundled-command.mjs';
import { browserChecks, ensure } from '../../scripts/browser/checks.mjs';
import { installDriver } from '../../scripts/browser/chromium.mjs';
import { startDigitsServer } from '../../scripts/browser/digits-server.mjs';
import { draw, SEVEN, TWO } from '../../scripts/browser/drawing.mjs';
import { root } from '../../scripts/setup/environment.mjs';
import { accessibilityProblems } from './accessibility.mjs';
import { inventedEndpoint } from './invented-endpoint.mjs';

await installDriver();
const { open, close } = bundledCommand();
const digits = await startDigitsServer(undefined, ['--explorer']);
const invented = await inventedEndpoint();
const pages = { digits: await open(`${digits.url}/v1/models/digits`), invented: await open(invented.url), gone: await open(`${digits.url}/v1/models/other`) };
const explorer = `${digits.url}/v1/models/digits/explorer`;
const own = [...Object.values(pages), digits.url];
const { check, conclude } = await browserChecks((url) => own.some((address) => url.startsWith(address)), /status of (404|502)/);

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const greatest = (page) => page.innerText('.bars .greatest .label');
const predict = async (page) => {
  await page.getByRole('button', { name: 'Predict' }).click();
  await page.waitForSelector('#answer .latency');
};
const model = async (page, name) => {
  await page.getByLabel('Name of the model').fill(name);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('heading', { name, level: 1 }).waitFor();
};
const sent = () => JSON.parse(invented.received.at(-1).body.toString());

await check('a digit that is drawn is read by the LiteRT server, with the time that it took', pages.digits, async (page) => {
  await draw(page, TWO);
  await predict(page);
  ensure(await greatest(page) === '2', `a 2 is answered with ${await greatest(page)}`);
  ensure(await page.locator('.bars li').count() === 10, 'not ten classes are shown');
  ensure(/^\d+(\.\d)? ms/.test(await page.innerText('.latency')), await page.innerText('.latency'));
  await page.getByRole('button', { name: 'Clear' }).click();
  await draw(page, SEVEN);
  await predict(page);
  await page.waitForFunction(() => document.querySelector('.greatest .label')?.textContent === '7');
});

await check('the server\'s own page reads a digit, and shows the request to the server', explorer, async (page) => {
  await page.getByRole('heading', { name: 'digits', level: 1 }).waitFor();
  ensure(await page.innerText('#subtitle') === `Version 1 at ${digits.url}`, await page.innerText('#subtitle'));
  await draw(page, SEVEN);
  await predict(page);
  ensure(await greatest(page) === '7', `a 7 is answered with ${await greatest(page)}`);
  const command = await page.locator('pre[aria-label=curl]').innerText();
  ensure(command.includes(`${digits.url}/v1/models/digits:predict`), command);
});

await check('a digit is drawn and read by the keyboard alone', pages.digits, async (page) => {
  const press = async (key, times = 1) => {
    for (let time = 0; time < times; time += 1) {
      await page.keyboard.press(key);
    }
  };
  await press('Tab');
  ensure(await page.evaluate(() => document.activeElement.getAttribute('role')) === 'application', 'the first stop is not the pad');
  // The pen starts in the middle, above: a line down is a 1.
  await press('Space');
  await press('Shift+ArrowDown', 4);
  await press('Space');
  const states = await page.innerText('span[role=status]');
  ensure(states === 'The pen is up.', states);
  await press('Tab', 7);
  await press('Enter');
  await page.waitForSelector('.bars');
  ensure(await greatest(page) === '1', `a 1 is answered with ${await greatest(page)}`);
  ensure(await page.evaluate(() => document.activeElement.textContent) === 'Predict', 'the focus is not where it was');
});

await check('every control is reached by Tab, in the order of the page, and none keeps the focus', pages.digits, async (page) => {
  const stops = [];
  for (let stop = 0; stop < 30; stop += 1) {
    await page.keyboard.press('Tab');
    const name = await page.evaluate(() => (document.activeElement === document.body ? '' : document.activeElement.getAttribute('aria-label')
      ?? document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent));
    if (name === '') {
      break;
    }
    stops.push(name);
  }
  ensure(stops.join() === 'Drawing pad for image,Clear,Undo,Or an image’s file,Pixel range,Invert colors,Center and fit,Predict', stops.join());
});

await check('an image file is read, and what the model gets is shown', pages.digits, async (page) => {
  const image = await page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 280, height: 280 });
    const context = canvas.getContext('2d');
    context.fillRect(0, 0, 280, 280);
    Object.assign(context, { strokeStyle: '#fff', lineWidth: 24, lineCap: 'round' });
    context.beginPath();
    [[80, 70], [195, 70], [130, 220]].forEach(([x, y]) => context.lineTo(x, y));
    context.stroke();
    return canvas.toDataURL().split(',')[1];
  });
  await page.getByLabel('Or an image’s file').setInputFiles({ name: 'seven.png', mimeType: 'image/png', buffer: Buffer.from(image, 'base64') });
  await page.locator('.preview[aria-label*="the file"]').waitFor();
  await predict(page);
  ensure(await greatest(page) === '7', `a 7 is answered with ${await greatest(page)}`);
  await page.getByLabel('Or an image’s file').setInputFiles({ name: 'none.png', mimeType: 'image/png', buffer: Buffer.from('no image') });
  await page.getByText('none.png: this browser reads no image in it.').waitFor();
});

await check('the same request, as curl and as Python, gets the same answer', pages.digits, async (page) => {
  await draw(page, TWO);
  await predict(page);
  const answer = JSON.parse(await page.locator('#answer details pre').evaluate((element) => element.textContent));
  const text = (title) => page.locator(`pre[aria-label=${title}]`).innerText();
  const python = join(root, '.tools', 'python', 'bin', 'python');
  const [command, program] = [spawnSync('bash', ['-c', await text('curl')], { encoding: 'utf8' }), spawnSync(python, ['-c', await text('Python')], { encoding: 'utf8' })];
  ensure(command.stdout && JSON.stringify(JSON.parse(command.stdout)) === JSON.stringify(answer), `curl: ${command.stdout}${command.stderr}`);
  ensure(program.stdout.startsWith('{\'predictions\': [['), `Python: ${program.stdout}${program.stderr}`);
});

await check('rows are typed into a table, added, removed and pasted', pages.invented, async (page, context) => {
  await model(page, 'table');
  await page.getByLabel('x[0]').fill('1');
  await page.getByLabel('x[2]').fill('3');
  await page.getByRole('button', { name: 'Add a row' }).click();
  ensure(await page.evaluate(() => document.activeElement.getAttribute('aria-label')) === 'x[0], row 2', 'the new row has not the focus');
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate(() => navigator.clipboard.writeText('5\t5\t0\n0\t0\t9\n'));
  await page.keyboard.press('Control+V');
  await page.getByRole('button', { name: 'Remove row 3' }).waitFor();
  await predict(page);
  ensure(JSON.stringify(sent()) === '{"instances":[[1,0,3],[5,5,0],[0,0,9]]}', JSON.stringify(sent()));
  ensure((await page.locator('#answer h3').allInnerTexts()).join() === 'Row 1,Row 2,Row 3', 'not every row is answered');
  await page.getByRole('button', { name: 'Remove row 1' }).click();
  await predict(page);
  ensure(JSON.stringify(sent()) === '{"instances":[[5,5,0],[0,0,9]]}', JSON.stringify(sent()));
});

await check('another signature has another form, and wrong cells are told without a request', pages.invented, async (page) => {
  await model(page, 'table');
  await page.getByLabel('Signature').selectOption('typed');
  await page.getByLabel('name').fill('Ada');
  await page.getByLabel('age').fill('old');
  const before = invented.received.length;
  await page.getByRole('button', { name: 'Predict' }).click();
  ensure(await page.getByRole('alert').first().innerText() === 'age: a number is needed, got "old"', await page.getByRole('alert').first().innerText());
  ensure(invented.received.length === before, 'a request was sent');
  await page.getByLabel('age').fill('36');
  await predict(page);
  ensure(JSON.stringify(sent()) === '{"signature_name":"typed","instances":[{"age":36,"member":false,"name":"Ada"}]}', JSON.stringify(sent()));
  ensure(await page.innerText('.text-output') === '72', 'the number is not shown');
  ensure(await page.getByRole('alert').first().innerText() === '', 'the problem stays');
});

await check('a color image has three channels', pages.invented, async (page) => {
  await model(page, 'colors');
  const red = await page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 40, height: 20 });
    Object.assign(canvas.getContext('2d'), { fillStyle: '#ff0033' }).fillRect(0, 0, 40, 20);
    return canvas.toDataURL().split(',')[1];
  });
  await page.getByLabel('Or an image’s file').setInputFiles({ name: 'red.png', mimeType: 'image/png', buffer: Buffer.from(red, 'base64') });
  await page.locator('.preview[aria-label*="the file"]').waitFor();
  await predict(page);
  const numbers = await page.locator('.bars .number').allInnerTexts();
  ensure(numbers.join() === '100.0 %,0.0 %,20.0 %', numbers.join());
  await page.getByLabel('Invert colors').check();
  await page.getByLabel('Pixel range').selectOption('-1 to 1');
  await predict(page);
  await page.waitForFunction(() => [...document.querySelectorAll('.bars .number')].map((each) => each.textContent).join() === '-1,1,0.6');
  ensure(sent().instances[0].length === 16 && sent().instances[0][0].length === 16, 'the image has another size');
});

await check('long vectors are typed as text', pages.invented, async (page) => {
  await model(page, 'long');
  await page.getByRole('button', { name: 'Fill with zeros' }).click();
  await predict(page);
  ensure(await page.innerText('.text-output') === '0', 'zeros have another mean');
  await page.getByLabel('samples').fill('1 2 3');
  await page.getByRole('button', { name: 'Predict' }).click();
  await page.getByText('samples: 100 values are needed for the shape [100], got 3').waitFor();
});

await check('what a model or its answer says is text, and never markup', pages.invented, async (page) => {
  await model(page, 'hostile');
  await page.locator('.text textarea').fill('<b>bold</b><script>alert(1)</script>');
  await predict(page);
  ensure(await page.innerText('.text-output') === '<b>bold</b><script>alert(1)</script>', 'the answer is not shown as it is');
  ensure(await page.locator('#answer b').count() === 1 && await page.locator('img').count() === 0, 'it became markup');
});

await check('an unknown model is told in the words of the endpoint, and another name may be given', pages.gone, async (page) => {
  ensure(/^The endpoint answered 404: .*other/.test(await page.getByRole('alert').innerText()), await page.getByRole('alert').innerText());
  await model(page, 'digits');
  await draw(page, TWO);
  await predict(page);
  ensure(new URL(page.url()).hash === '#digits', page.url());
});

for (const [name, options] of [['light', { colorScheme: 'light' }], ['dark', { colorScheme: 'dark' }], ['on a phone', { ...PHONE, colorScheme: 'dark' }]]) {
  await check(`labels, roles, contrast and width hold: ${name}`, pages.digits, async (page) => {
    const light = await page.evaluate(() => matchMedia('(prefers-color-scheme: light)').matches);
    const [background] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
    ensure(light === (background > 128), `the background is ${background}`);
    await draw(page, TWO);
    await predict(page);
    const problems = await accessibilityProblems(page);
    ensure(problems.length === 0, problems.join('; '));
  }, options);
  await check(`a table too: ${name}`, pages.invented, async (page) => {
    await model(page, 'table');
    await page.getByRole('button', { name: 'Add a row' }).click();
    await predict(page);
    const problems = await accessibilityProblems(page);
    ensure(problems.length === 0, problems.join('; '));
  }, options);
}

await check('an inline style and a foreign script are refused by the page itself', pages.digits, async (page) => {
  const refused = await page.evaluate(() => {
    const violations = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => violations.push(effectiveDirective));
    const probe = document.createElement('p');
    probe.setAttribute('style', 'color: red');
    document.body.append(probe);
    return new Promise((resolve) => {
      fetch('https://other.example/').catch(() => setTimeout(() => resolve(violations.sort()), 100));
    });
  }).catch((error) => error.message);
  ensure(String(refused) === 'connect-src,style-src-attr', String(refused));
}, { expected: /Content Security Policy/ });

close();
const code = await conclude();
await Promise.all([digits.close(), invented.close()]);
process.exit(code);
