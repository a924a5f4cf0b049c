// Files through the transfer's page: there, back, and to another browser.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';

import { browserForAll, bytesOf, desktop, fitsItsWidth, open, phone, serverForAll, sha256, shot } from './harness.mjs';

browserForAll();
const server = serverForAll('file_transfer');

const choose = (page, name, buffer) =>
  page.getByLabel('Files to send').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
const card = (page, name) => page.locator('.transfer').filter({ has: page.locator('.name', { hasText: name }) });

/** Waits for the end of the transfer of `name`, and checks that it is whole. */
async function arrived(page, name, bytes) {
  const transfer = card(page, name);
  await transfer.and(page.locator('[data-state="done"]')).waitFor();
  assert.match(await transfer.locator('.verdict').textContent(), /^✓ Same bytes/);
  assert.equal(await transfer.locator('.checksum code').textContent(), sha256(bytes));
  const link = transfer.getByRole('link', { name: 'Save' });
  assert.equal(await link.getAttribute('download'), name);
  assert.equal(sha256(await bytesOf(page, link)), sha256(bytes));
  return transfer;
}

/** Drops a file of `size` bytes, made in the page, on it. */
const drop = (page, name, size) => page.evaluate(([fileName, length]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([new Uint8Array(length)], fileName));
  document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
}, [name, size]);

test('a file goes there and comes back', async (t) => {
  const page = await open(t, server.url);
  const bytes = randomBytes(5_000_001);
  await choose(page, 'random.bin', bytes);
  const transfer = await arrived(page, 'random.bin', bytes);
  assert.match(await transfer.locator('.sent output').textContent(), /^100 % · .+\/s$/);
  assert.match(await transfer.locator('.received output').textContent(), /^100 % · .+\/s$/);
});

test('another browser fetches it', async (t) => {
  const first = await open(t, server.url);
  const second = await open(t, server.url);
  const bytes = randomBytes(300_000);
  await choose(first, 'for another.bin', bytes);
  await arrived(first, 'for another.bin', bytes);
  const item = second.locator('#stored li').filter({ hasText: 'for another.bin' });
  await item.getByRole('button', { name: 'Fetch' }).click();
  await arrived(second, 'for another.bin', bytes);
});

test('several at once, also an empty one, and one of exactly a chunk', async (t) => {
  const page = await open(t, server.url);
  const files = [['chunk.bin', 65_536], ['empty.bin', 0], ['long.bin', 2_000_000]].map(([name, size]) => ({
    name, mimeType: 'application/octet-stream', buffer: randomBytes(size),
  }));
  await page.getByLabel('Files to send').setInputFiles(files);
  for (const { name, buffer } of files) await arrived(page, name, buffer);
});

test('both bars move on the way', async (t) => {
  const page = await open(t, server.url);
  await page.evaluate(() => {
    globalThis.seen = { sent: new Set(), received: new Set() };
    const look = () => {
      for (const bar of document.querySelectorAll('.transfer progress')) {
        globalThis.seen[bar.parentElement.classList[1]].add(bar.value);
      }
      requestAnimationFrame(look);
    };
    look();
  });
  await drop(page, 'big.bin', 60_000_000);
  await arrived(page, 'big.bin', Buffer.alloc(60_000_000));
  for (const way of ['sent', 'received']) {
    const seen = await page.evaluate((which) => [...globalThis.seen[which]], way);
    assert.ok(seen.length > 4, `${way}: ${seen}`);
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
  }
});

test('what is too big is refused', async (t) => {
  const page = await open(t, server.url);
  await drop(page, 'huge.bin', 128 * 1024 * 1024 + 1);
  await card(page, 'huge.bin').locator('.verdict').getByText('up to 128 MiB').waitFor();
  const bytes = randomBytes(1000);
  await choose(page, 'small.bin', bytes);
  await arrived(page, 'small.bin', bytes);
});

/** A client of the protocol, with the messages that come. */
async function client() {
  const ws = new WebSocket(`${server.ws}transfer`);
  const messages = [];
  const waiting = [];
  ws.on('message', (data, isBinary) => {
    messages.push(isBinary ? data : JSON.parse(data));
    for (const look of waiting) look();
  });
  const hears = (type) => new Promise((resolve) => {
    const look = () => {
      const found = messages.find((message) => message.type === type);
      if (found) resolve(found);
    };
    waiting.push(look);
    look();
  });
  await once(ws, 'open');
  return { ws, messages, hears, say: (message) => ws.send(JSON.stringify(message)) };
}

test('the server waits for who does not keep up', async () => {
  const { ws, messages, hears, say } = await client();
  say({ type: 'put', name: 'window.bin', size: 3 * 1024 * 1024 });
  for (let i = 0; i < 48; i++) ws.send(Buffer.alloc(65_536));
  const { id, sha256: sum } = await hears('stored');
  assert.equal(sum, sha256(Buffer.alloc(3 * 1024 * 1024)));

  messages.length = 0;
  say({ type: 'get', id });
  // Answered after all that the server sends before it hears how far this end has got.
  say({ type: 'put', name: 'next', size: 0 });
  await hears('stored');
  const bytes = messages.filter(Buffer.isBuffer).reduce((sum_, { length }) => sum_ + length, 0);
  assert.equal(bytes, 1024 * 1024);
  ws.close();
});

test('what makes no sense ends the connection, not the server', async () => {
  for (const nonsense of ['no JSON', '[1]', '{"type":"dance"}', Buffer.alloc(10), '{"type":"received","bytes":1}']) {
    const { ws } = await client();
    ws.send(nonsense);
    assert.equal((await once(ws, 'close'))[0], 1008);
  }
  const { ws, hears, say } = await client();
  say({ type: 'get', id: 'nothing' });
  assert.match((await hears('refused')).reason, /no longer/);
  ws.close();
});

for (const [name, options] of [['file_transfer_light', { ...desktop, colorScheme: 'light' }],
                               ['file_transfer_dark', { ...desktop, colorScheme: 'dark' }],
                               ['file_transfer_phone', phone]]) {
  test(`looks as it should: ${name}`, async (t) => {
    const page = await open(t, server.url, options);
    const bytes = randomBytes(3_000_000);
    await choose(page, 'holiday.mov', bytes);
    await arrived(page, 'holiday.mov', bytes);
    await fitsItsWidth(page);
    await shot(page, name);
  });
}
