// The page of `duplex serve`, used as a person would.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { WebSocket } from 'ws';

import { browserForAll, bytesOf, desktop, fitsItsWidth, open, phone, reaches, serverForAll, sha256, shot, shows,
         startProgram } from './harness.mjs';

browserForAll();
const server = serverForAll('duplex', ['serve']);

const received = (page, kind = 'text') => page.locator(`#log .entry.received.${kind}`);
const receivedText = (page, text) => received(page).getByText(text, { exact: true });

async function opened(t, options = desktop, url = server.url) {
  const page = await open(t, url, options);
  await shows(page, '#ready-state', WebSocket.OPEN);
  return page;
}

async function say(page, text) {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
}

test('opens by itself, and the server speaks first', async (t) => {
  const page = await opened(t);
  await receivedText(page, 'Hello').waitFor();
  assert.equal(await page.locator('#ready-state-name').textContent(), 'OPEN');
  assert.equal(await page.locator('#url').inputValue(), server.ws);
  assert.equal(await page.locator('#protocol').textContent(), '""');
});

test('disconnects and connects again', async (t) => {
  const page = await opened(t);
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await shows(page, '#close-event-code', 1005);
  await shows(page, '#close-event-clean', 'true');
  await shows(page, '#ready-state', WebSocket.CLOSED);
  assert.equal(await page.getByRole('button', { name: 'Send', exact: true }).isDisabled(), true);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await shows(page, '#ready-state', WebSocket.OPEN);
  await receivedText(page, 'Hello').nth(1).waitFor();
});

test('sends text, and sees it come back as it was', async (t) => {
  const page = await opened(t);
  const text = 'Grüße, 你好, 🙂 <img src=x onerror="throw 1">';
  await say(page, text);
  await receivedText(page, text).waitFor();
  const entry = received(page).filter({ hasText: text });
  assert.equal(await entry.locator('.size').getAttribute('title'), `${Buffer.byteLength(text)} bytes`);
  assert.equal(await page.locator('#log .entry.sent').count(), 1);
  assert.equal(await page.locator('#log img').count(), 0);
  assert.equal(await page.locator('#message').inputValue(), '');
});

test('Shift+Enter breaks the line, Enter sends', async (t) => {
  const page = await opened(t);
  await page.locator('#message').fill('one');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('two');
  await page.keyboard.press('Enter');
  await received(page).filter({ hasText: 'two' }).waitFor();
  assert.equal(await received(page).filter({ hasText: 'two' }).locator('.text').textContent(), 'one\ntwo');
});

test('what is said in one tab is pushed to both', async (t) => {
  const first = await opened(t);
  const [second] = await Promise.all([
    first.context().waitForEvent('page'),
    first.getByRole('button', { name: 'Second tab' }).click(),
  ]);
  await shows(second, '#ready-state', WebSocket.OPEN);
  await say(first, 'from the first');
  await say(second, 'from the second');
  for (const page of [first, second]) {
    await receivedText(page, 'from the first').waitFor();
    await receivedText(page, 'from the second').waitFor();
  }
});

for (const binaryType of ['blob', 'arraybuffer']) {
  test(`sends a file as ${binaryType}, and gets the same bytes back`, async (t) => {
    const page = await opened(t);
    await page.getByLabel('binaryType').selectOption(binaryType);
    const buffer = randomBytes(1_500_000);
    await page.getByLabel('Files to send').setInputFiles({ name: 'random.bin', mimeType: 'application/octet-stream', buffer });
    const link = received(page, 'binary').getByRole('link');
    const bytes = await (await link.waitFor(), bytesOf(page, link));
    assert.equal(bytes.length, buffer.length);
    assert.equal(sha256(bytes), sha256(buffer));
    const firstBytes = [...buffer.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    assert.ok((await received(page, 'binary').locator('.hex').textContent()).startsWith(firstBytes));
    await shows(page, '#buffered-amount', 0);
  });
}

test('shows a picture that is dropped on the page', async (t) => {
  const page = await opened(t);
  const picture = readFileSync(new URL('../../web/favicon.svg', import.meta.url), 'utf8');
  await page.evaluate(async (svg) => {
    const image = Object.assign(new Image(), { src: `data:image/svg+xml,${encodeURIComponent(svg)}`, width: 64, height: 64 });
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 64 });
    canvas.getContext('2d').drawImage(image, 0, 0, 64, 64);
    const png = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([png], 'mark.png', { type: 'image/png' }));
    document.body.dispatchEvent(new DragEvent('dragover', { bubbles: true, cancelable: true, dataTransfer }));
    document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
  }, picture);
  await received(page, 'binary').getByRole('img').waitFor();
  await page.waitForFunction(() => document.querySelector('.received .picture').naturalWidth === 64);
  assert.equal(await page.locator('#drop-zone').isHidden(), true);
});

test('closes with a code and a reason', async (t) => {
  const page = await opened(t);
  await page.getByLabel('Code').fill('4001');
  await page.getByLabel('Reason').fill('that is all – gute Nacht');
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await shows(page, '#close-event-code', 4001);
  await shows(page, '#close-event-reason', '"that is all – gute Nacht"');
  await shows(page, '#close-event-clean', 'true');
  await shows(page, '#ready-state-name', 'CLOSED');
  await page.locator('#log .entry.close').getByText('Close 4001').waitFor();
  await shot(page, 'demo_closed');
});

test('shows what the browser refuses', async (t) => {
  const page = await opened(t);
  const error = page.locator('#close-error');
  const close = async (code, reason) => {
    await page.getByLabel('Code').fill(code);
    await page.getByLabel('Reason').fill(reason);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    return error.textContent();
  };
  assert.match(await close('1001', ''), /^InvalidAccessError: .*1001/);
  await shot(page, 'demo_refused');
  assert.match(await close('5000', ''), /^InvalidAccessError/);
  assert.match(await close('word', ''), /^InvalidAccessError/);
  assert.match(await close('1000', 'é'.repeat(62)), /^SyntaxError/);
  assert.equal(await page.locator('#close-reason-size').textContent(), '124 of 123 bytes');
  assert.equal(await page.locator('#ready-state').textContent(), '1');
  await close('', '');
  await shows(page, '#close-event-code', 1005);
  assert.equal(await error.textContent(), '');

  await page.getByLabel('URL').fill(`${server.ws}#part`);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  assert.match(await page.locator('#connect-error').textContent(), /^SyntaxError/);
  await page.getByLabel('URL').fill(server.ws);
  await page.getByLabel('Subprotocols').fill('twice, twice');
  await page.keyboard.press('Enter');
  assert.match(await page.locator('#connect-error').textContent(), /^SyntaxError/);
  await page.getByLabel('Subprotocols').fill('');
  await page.keyboard.press('Enter');
  await shows(page, '#ready-state', WebSocket.OPEN);
  assert.equal(await page.locator('#connect-error').textContent(), '');
});

test('the server’s figures come without being asked for', async (t) => {
  const page = await opened(t);
  const uptime = async () => {
    const [hours, minutes, seconds] = (await page.locator('#server-uptime').textContent()).split(':').map(Number);
    return (hours * 60 + minutes) * 60 + seconds;
  };
  assert.equal(await reaches(page, '#server-clients', 1), 1);
  const before = { messages: await reaches(page, '#server-messages', 0), uptime: await uptime() };
  const second = await page.context().newPage();
  await second.goto(server.url);
  await shows(page, '#server-clients', 2);
  await say(second, 'counted');
  await reaches(page, '#server-messages', before.messages + 1);
  await second.close();
  await shows(page, '#server-clients', 1);
  assert.ok(await uptime() > before.uptime);

  assert.equal(await page.locator('#log').getByText('"uptime"').count(), 0);
  await page.getByLabel('Show server reports').check();
  await received(page).filter({ hasText: '"type":"server"' }).first().waitFor();
});

test('clears what was logged', async (t) => {
  const page = await opened(t);
  await receivedText(page, 'Hello').waitFor();
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.waitForFunction(() => document.querySelectorAll('#log .entry').length === 0);
  await say(page, 'afterwards');
  await receivedText(page, 'afterwards').waitFor();
});

for (const [name, options] of [['desktop', desktop], ['phone', phone]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`fits a ${name} in ${colorScheme}`, async (t) => {
      const page = await opened(t, { ...options, colorScheme });
      await say(page, 'The server pushes, over one connection that either side can end.');
      await page.getByLabel('Files to send').setInputFiles({
        name: 'table.bin',
        mimeType: 'application/octet-stream',
        buffer: Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 7) & 255)),
      });
      await received(page, 'binary').getByRole('link').waitFor();
      await reaches(page, '#server-clients', 1);
      await fitsItsWidth(page);
      const [red, green, blue] = await page.evaluate(() =>
        getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
      assert.equal(red + green + blue > 384, colorScheme === 'light');
      await shot(page, `demo_${name}_${colorScheme}`, { fullPage: name === 'phone' });
    });
  }
}

test('the theme that was chosen is kept', async (t) => {
  const page = await opened(t, { ...desktop, colorScheme: 'light' });
  const toggle = page.getByRole('button', { name: 'Dark theme' });
  assert.equal(await toggle.getAttribute('aria-pressed'), 'false');
  await toggle.click();
  assert.equal(await toggle.getAttribute('aria-pressed'), 'true');
  await page.reload();
  assert.equal(await toggle.getAttribute('aria-pressed'), 'true');
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).colorScheme), 'dark');
});

test('every control can be reached by keyboard', async (t) => {
  const page = await opened(t);
  const expected = ['url', 'protocols', 'disconnect', 'second-tab', 'theme-toggle', 'binary-type', 'show-pushes', 'clear-log',
                    'log', 'message', 'attach', 'send', 'close-code', 'close-reason', 'close-button'];
  const reached = [];
  for (let i = 0; i < expected.length; i++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => document.activeElement.id));
  }
  assert.deepEqual(reached, expected);
});

test('a server that stops says so: 1001', async (t) => {
  const other = await startProgram('duplex', ['serve']);
  let page;
  try {
    page = await opened(t, desktop, other.url);
    await receivedText(page, 'Hello').waitFor();
  } finally {
    await other.stop();
  }
  await shows(page, '#close-event-code', 1001);
  await shows(page, '#close-event-clean', 'true');

  page.expectedErrors.push(/WebSocket connection to .* failed/);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await shows(page, '#close-event-code', 1006);
  await shows(page, '#close-event-clean', 'false');
  await page.locator('#log .entry.error').waitFor();
  await shot(page, 'demo_server_gone');
});
