// Live pictures from one browser to others. Chromium has a camera of its own for such tests.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';

import { browserForAll, desktop, fitsItsWidth, open, phone, reaches, serverForAll, shot, shows } from './harness.mjs';

browserForAll(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);
const server = serverForAll('camera');

async function show(page, name, button) {
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: button }).click();
}

const camera = (page, name) => page.locator('figure').filter({ has: page.locator('.name', { hasText: name }) });

/** Waits until `page` has drawn `count` frames of `name`. */
const drawn = (page, name, count) => page.waitForFunction(([who, least]) => {
  const figure = [...document.querySelectorAll('figure')].find((item) => item.querySelector('.name').textContent === who);
  return Number(figure?.querySelector('.drawn').textContent) >= least;
}, [name, count]);

const picture = (page, name) => camera(page, name).locator('canvas').evaluate((canvas) => canvas.toDataURL());

/** Waits until `page` shows another picture of `name` than `before`. */
async function changes(page, name, before) {
  while (await picture(page, name) === before) await page.waitForTimeout(20);
}

/** How many different colours the canvas shows. */
const colours = (page, name) => camera(page, name).locator('canvas').evaluate((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
});

/** A client of the protocol; `next()` is the next message that is `binary`. */
async function client(path) {
  const ws = new WebSocket(server.ws + path);
  const messages = [];
  ws.on('message', (data, isBinary) => {
    messages.push({ data, isBinary });
    ws.emit('came');
  });
  await once(ws, 'open');
  const next = async (binary) => {
    for (;;) {
      const at = messages.findIndex(({ isBinary }) => isBinary === binary);
      if (at >= 0) return messages.splice(at, 1)[0].data;
      await once(ws, 'came');
    }
  };
  return { ws, messages, next };
}

// First of all, for it counts every viewer there is.
test('a viewer who is stuck holds nobody up', async () => {
  const shower = await client('show?name=Raw');
  const quick = await client('watch');
  const stuck = await client('watch');
  await quick.next(false);
  await stuck.next(false);

  let report;
  for (let number = 1; number <= 50; number++) {
    shower.ws.send(Buffer.from(`frame ${number}`));
    const frame = await quick.next(true);
    assert.equal(frame.readUInt32BE(4), number);
    assert.equal(frame.subarray(8).toString(), `frame ${number}`);
    report = JSON.parse(await shower.next(false));
    const id = frame.readUInt32BE(0);
    quick.ws.send(String(id));
    // Its answer comes after what the viewer said has been read.
    quick.ws.ping();
    await once(quick.ws, 'pong');
  }
  assert.deepEqual(report, { viewers: 2, skipped: 48 });
  stuck.ws.ping();
  await once(stuck.ws, 'pong');
  assert.deepEqual(stuck.messages.filter(({ isBinary }) => isBinary).map(({ data }) => data.readUInt32BE(4)), [1, 2]);
  for (const { ws } of [shower, quick, stuck]) ws.close();
});

for (const [button, name] of [['A drawn picture', 'Ada'], ['My camera', 'Grace']]) {
  test(`“${button}” is seen live in another browser`, async (t) => {
    const shower = await open(t, server.url);
    const watcher = await open(t, server.url);
    await show(shower, name, button);
    await drawn(watcher, name, 2);
    assert.ok((await colours(watcher, name)) > 10);
    await changes(watcher, name, await picture(watcher, name));
    await drawn(watcher, name, 8);
    await reaches(shower, '#frames', 8);
    await shows(shower, '#viewers', 2);

    await shower.getByRole('button', { name: 'Stop' }).click();
    await camera(watcher, name).waitFor({ state: 'detached' });
    await shower.getByRole('button', { name: button }).waitFor();
  });
}

test('who comes later sees who shows, and who closes the page is gone', async (t) => {
  const first = await open(t, server.url);
  const second = await open(t, server.url);
  await show(first, 'First', 'A drawn picture');
  await show(second, 'Second', 'A drawn picture');
  const watcher = await open(t, server.url);
  await drawn(watcher, 'First', 2);
  await drawn(watcher, 'Second', 2);
  await first.close();
  await camera(watcher, 'First').waitFor({ state: 'detached' });
  assert.equal(await camera(watcher, 'Second').count(), 1);
});

test('a slow page misses frames', async (t) => {
  const shower = await open(t, server.url);
  const slow = await open(t, server.url);
  await slow.getByLabel('Be a slow viewer').check();
  await show(shower, 'Ada', 'A drawn picture');
  await reaches(slow, '.missed', 3);
  await reaches(shower, '#skipped', 3);
  await reaches(slow, '.drawn', 3);
});

for (const [name, options] of [['camera_light', { ...desktop, colorScheme: 'light' }],
                               ['camera_dark', { ...desktop, colorScheme: 'dark' }],
                               ['camera_phone', phone]]) {
  test(`looks as it should: ${name}`, async (t) => {
    const page = await open(t, server.url, options);
    const other = await open(t, server.url);
    await show(page, 'Ada', 'A drawn picture');
    await show(other, 'Grace', 'My camera');
    await drawn(page, 'Ada', 3);
    await drawn(page, 'Grace', 3);
    await fitsItsWidth(page);
    await shot(page, name, { fullPage: true });
  });
}
