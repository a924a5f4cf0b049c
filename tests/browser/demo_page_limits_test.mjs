// The demo page against a server that is slow, floods it or chooses a subprotocol: npm `ws`, which does
// on demand what `duplex serve` never does.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';

import { browserForAll, open, reaches, serverForAll, shot, shows } from './harness.mjs';

browserForAll();
const server = serverForAll('duplex', ['serve']);
let peer;
let peerUrl;

before(async () => {
  peer = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: (offered) => [...offered].at(-1) });
  await once(peer, 'listening');
  peerUrl = `ws://127.0.0.1:${peer.address().port}/`;
});
after(() => {
  for (const client of peer.clients) client.terminate();
  peer.close();
});

/** The page, connected to `peer`, and the peer's end of it. */
async function connected(t, protocols = '') {
  const page = await open(t, server.url);
  await shows(page, '#ready-state', WebSocket.OPEN);
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.getByLabel('URL').fill(peerUrl);
  await page.getByLabel('Subprotocols').fill(protocols);
  const arrival = once(peer, 'connection');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  const [socket] = await arrival;
  await shows(page, '#ready-state', WebSocket.OPEN);
  return { page, socket };
}

test('shows the subprotocol that the server chose', async (t) => {
  const { page } = await connected(t, 'chat.v1, chat.v2');
  await shows(page, '#protocol', '"chat.v2"');
});

test('shows how far a big file has got while the server does not read', async (t) => {
  const { page, socket } = await connected(t);
  socket.pause();
  const size = 40_000_000;
  const arrival = once(socket, 'message');
  await page.evaluate((length) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(length)], 'big.bin'));
    document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
  }, size);
  const bar = page.locator('#log .entry.sent progress');
  await bar.waitFor();
  const buffered = await reaches(page, '#buffered-amount', 1);
  assert.ok(buffered <= size);
  assert.equal(await bar.evaluate((element) => element.max), size);
  assert.ok(await bar.evaluate((element) => element.value) < size);
  await shot(page, 'demo_progress');

  socket.resume();
  const [data] = await arrival;
  assert.equal(data.length, size);
  await shows(page, '#buffered-amount', 0);
  await bar.waitFor({ state: 'detached' });
});

test('a flood leaves the page alive, and its log bounded', async (t) => {
  const { page, socket } = await connected(t);
  const count = 20_000;
  for (let i = 1; i <= count; i++) socket.send(`message ${i}`);
  await page.locator('#log .entry.received').getByText(`message ${count}`, { exact: true }).waitFor();
  assert.equal(await page.locator('#log .entry').count(), 300);
  await reaches(page, '#received-count', count);
});

test('a long text is cut in the log, and whole in the download', async (t) => {
  const { page, socket } = await connected(t);
  const text = 'é'.repeat(100_000);
  socket.send(text);
  const entry = page.locator('#log .entry.received').filter({ hasText: 'é' });
  const link = entry.getByRole('link');
  await link.waitFor();
  assert.ok((await entry.locator('.text').textContent()).length < 3000);
  const whole = await link.evaluate(async (anchor) => (await fetch(anchor.href)).text());
  assert.equal(whole, text);
});

test('a reader who scrolled back stays there, and is told what is new', async (t) => {
  const { page, socket } = await connected(t);
  for (let i = 1; i <= 60; i++) socket.send(`message ${i}`);
  const log = page.locator('#log');
  await log.getByText('message 60', { exact: true }).waitFor();
  await log.hover();
  await page.mouse.wheel(0, -5000);
  await page.waitForFunction(() => document.getElementById('log').scrollTop === 0);
  socket.send('news');
  const jump = page.getByRole('button', { name: '1 new' });
  await jump.click();
  await page.waitForFunction(() => {
    const list = document.getElementById('log');
    return list.scrollHeight - list.scrollTop - list.clientHeight < 4;
  });
  assert.equal(await page.locator('#jump').isHidden(), true);
});
