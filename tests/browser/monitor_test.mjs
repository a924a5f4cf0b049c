// The monitor's page: the same figures pushed and polled, and whether it counts their cost right.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';

import { browserForAll, desktop, fitsItsWidth, open, phone, reaches, serverForAll, shot, shows } from './harness.mjs';

browserForAll();
const server = serverForAll('monitor');

const cost = (row, kind) => `tr[data-row="${row}"] .${kind}`;
const numberIn = async (page, selector) => Number((await page.locator(selector).textContent()).replaceAll(',', ''));

test('both charts move', async (t) => {
  const page = await open(t, server.url);
  for (const half of ['#pushed', '#polled']) {
    await page.waitForFunction((where) => document.querySelector(where)?.dataset.readings >= 2, half);
    const picture = () => page.locator(`${half} canvas`).evaluate((canvas) => canvas.toDataURL());
    const before = await picture();
    await page.waitForFunction(
      ([where, old]) => document.querySelector(`${where} canvas`).toDataURL() !== old, [half, before]);
    assert.match(await page.locator(`${half} [data-figure="cpu"]`).textContent(), /^\d+ %$/);
    assert.match(await page.locator(`${half} [data-figure="memory"]`).textContent(), /^[\d.]+ [MGT]B$/);
  }
  await shows(page, '.state', 'OPEN');
});

test('both costs rise, and a poller misses what is pushed', async (t) => {
  const page = await open(t, server.url);
  const bytes = {};
  for (const kind of ['pushed', 'polled']) bytes[kind] = await reaches(page, cost('bytes', kind), 1);
  for (const kind of ['pushed', 'polled']) await reaches(page, cost('bytes', kind), bytes[kind] + 1);
  await page.getByLabel('Poll every').selectOption('5 s');
  await reaches(page, cost('missed', 'polled'), 1);
  assert.equal(await numberIn(page, cost('missed', 'pushed')), 0);
  await page.getByLabel('Poll every').selectOption('100 ms');
  const requests = await numberIn(page, cost('transfers', 'polled'));
  await reaches(page, cost('transfers', 'polled'), requests + 10);
});

/** All that passes between the browser and the server: by connection, both ways. */
async function wiretap(t) {
  const target = new URL(server.url);
  const taps = [];
  const proxy = createServer((browser) => {
    const tap = { asked: [], answered: [] };
    taps.push(tap);
    const upstream = connect(Number(target.port), target.hostname);
    browser.on('data', (bytes) => tap.asked.push(bytes));
    upstream.on('data', (bytes) => tap.answered.push(bytes));
    browser.on('error', () => upstream.destroy());
    upstream.on('error', () => browser.destroy());
    browser.pipe(upstream).pipe(browser);
    tap.ended = once(upstream, 'close');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => proxy.close());
  return { url: `http://127.0.0.1:${proxy.address().port}/`, taps };
}

const text = (parts) => Buffer.concat(parts).toString('latin1');
const isSocket = (tap) => /^upgrade: websocket\r$/im.test(text(tap.asked));

/** Of a kept-alive connection with GETs alone: target and size of each request with its response. */
function exchanges({ asked, answered }) {
  let answers = text(answered);
  return text(asked).split('\r\n\r\n').slice(0, -1).map((request) => {
    const head = answers.slice(0, answers.indexOf('\r\n\r\n') + 4);
    const size = head.length + Number(head.match(/^content-length: (\d+)\r$/im)?.[1] ?? 0);
    answers = answers.slice(size);
    return { target: request.split(' ')[1], size: request.length + 4 + size };
  });
}

test('the bytes it shows are those on the wire', async (t) => {
  const { url, taps } = await wiretap(t);
  const page = await open(t, url);
  await reaches(page, cost('transfers', 'polled'), 3);
  await reaches(page, cost('transfers', 'pushed'), 5);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Continue' }).waitFor();
  const socket = taps.find(isSocket);
  await socket.ended;
  // Written twice a second, and at once when it is paused.
  await page.waitForTimeout(1000);

  const polls = taps.filter((tap) => !isSocket(tap)).flatMap(exchanges).filter(({ target }) => target === '/figures');
  assert.equal(await numberIn(page, cost('transfers', 'polled')), polls.length);
  assert.equal(await numberIn(page, cost('bytes', 'polled')), polls.reduce((sum, { size }) => sum + size, 0));

  // A ping with its pong, which no page gets to see, would be eight bytes more after half a minute.
  const pushed = text(socket.asked).length + text(socket.answered).length;
  assert.ok([0, 8, 16].includes(pushed - await numberIn(page, cost('bytes', 'pushed'))));
});

test('pauses and goes on', async (t) => {
  const page = await open(t, server.url);
  await reaches(page, cost('transfers', 'pushed'), 2);
  await page.getByRole('button', { name: 'Pause' }).click();
  await shows(page, '.state', 'CLOSED');
  const before = await numberIn(page, cost('transfers', 'pushed'));
  await page.getByRole('button', { name: 'Continue' }).click();
  await shows(page, '.state', 'OPEN');
  await reaches(page, cost('transfers', 'pushed'), before + 2);
});

for (const [name, options] of [['monitor_light', { ...desktop, colorScheme: 'light' }],
                               ['monitor_dark', { ...desktop, colorScheme: 'dark' }],
                               ['monitor_phone', phone]]) {
  test(`looks as it should: ${name}`, async (t) => {
    const page = await open(t, server.url, options);
    await reaches(page, cost('transfers', 'polled'), 4);
    await fitsItsWidth(page);
    await shot(page, name, { fullPage: true });
  });
}
