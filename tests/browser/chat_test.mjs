// The chat's page, with several people in it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';

import { browserForAll, desktop, fitsItsWidth, open, phone, serverForAll, shot } from './harness.mjs';

browserForAll();
const server = serverForAll('chat');

/** A page in which `name` is in `room`; each test has rooms of its own. */
async function joined(t, room, name, options = desktop) {
  const page = await open(t, `${server.url}#${encodeURIComponent(room)}`, options);
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Join' }).click();
  await page.locator('#log .event').getByText(`You are in ${room}.`).waitFor();
  return page;
}

async function say(page, text) {
  await page.getByLabel('Message').fill(text);
  await page.keyboard.press('Enter');
}

const said = (page, text) => page.locator('#log .said .text').getByText(text, { exact: true });

/** Waits until exactly `names` are listed as being here. */
const here = (page, names) => page.waitForFunction(
  (expected) => [...document.querySelectorAll('#people span')].map((item) => item.textContent).join() === expected,
  names.join());

test('two people talk', async (t) => {
  const ada = await joined(t, 'two', 'Ada');
  const grace = await joined(t, 'two', 'Grace');
  await here(ada, ['Ada (you)', 'Grace']);
  await here(grace, ['Ada', 'Grace (you)']);

  await say(ada, 'Who polls?');
  await said(grace, 'Who polls?').waitFor();
  const text = 'Nobody. 你好 🙂 <img src=x onerror="throw 1">';
  await say(grace, text);
  await said(ada, text).waitFor();
  assert.equal(await ada.locator('#log img').count(), 0);
  assert.equal(await ada.getByLabel('Message').inputValue(), '');

  // One's own words stand at the right, under one's own name.
  assert.equal(await ada.locator('#log .me .text').textContent(), 'Who polls?');
  assert.equal(await grace.locator('#log .me .text').textContent(), text);
  assert.equal(await ada.locator('#log .said:not(.me) .who span').textContent(), 'Grace');
});

test('who leaves is no longer there', async (t) => {
  const ada = await joined(t, 'leaving', 'Ada');
  const grace = await joined(t, 'leaving', 'Grace');
  await here(ada, ['Ada (you)', 'Grace']);
  await grace.close();
  await ada.locator('#log .event').getByText('Grace left.').waitFor();
  await here(ada, ['Ada (you)']);
});

test('who comes later reads what was said', async (t) => {
  const ada = await joined(t, 'history', 'Ada');
  await say(ada, 'first');
  await say(ada, 'second');
  await said(ada, 'second').waitFor();
  const grace = await joined(t, 'history', 'Grace');
  assert.deepEqual(await grace.locator('#log .said .text').allTextContents(), ['first', 'second']);
});

test('a name is given once in a room', async (t) => {
  const first = await joined(t, 'names', 'Ada');
  const second = await joined(t, 'names', 'Ada');
  await here(first, ['Ada (you)', 'Ada 2']);
  await here(second, ['Ada', 'Ada 2 (you)']);
});

test('rooms are apart, and all see which there are', async (t) => {
  const ada = await joined(t, 'left room', 'Ada');
  const grace = await joined(t, 'left room', 'Grace');
  await grace.getByLabel('New room').fill('right & room/?');
  await grace.getByRole('button', { name: 'Open' }).click();
  await grace.locator('#log .event').getByText('You are in right & room/?.').waitFor();
  await here(ada, ['Ada (you)']);

  await say(grace, 'for the right');
  await said(grace, 'for the right').waitFor();
  await say(ada, 'for the left');
  await said(ada, 'for the left').waitFor();
  assert.equal(await said(ada, 'for the right').count(), 0);
  assert.equal(await said(grace, 'for the left').count(), 0);

  await ada.getByRole('navigation').getByRole('button', { name: 'right & room/?' }).click();
  await said(ada, 'for the right').waitFor();
  await here(grace, ['Grace (you)', 'Ada']);
});

test('who has no name gets 400 and no socket', async () => {
  for (const path of ['rooms/lobby', 'rooms/lobby?name=', `rooms/lobby?name=${'x'.repeat(41)}`]) {
    const ws = new WebSocket(server.ws + path);
    const [, response] = await once(ws, 'unexpected-response');
    assert.equal(response.statusCode, 400);
    response.destroy();
  }
});

test('only text is spoken, and a name need not be UTF-8', async () => {
  const ws = new WebSocket(`${server.ws}rooms/raw?name=%FF%C0`);
  const [welcome] = await once(ws, 'message');
  assert.equal(JSON.parse(welcome).type, 'welcome');
  ws.send(Buffer.from([1, 2, 3]));
  assert.equal((await once(ws, 'close'))[0], 1003);
});

for (const [name, options] of [['chat_light', { ...desktop, colorScheme: 'light' }],
                               ['chat_dark', { ...desktop, colorScheme: 'dark' }],
                               ['chat_phone', phone]]) {
  test(`looks as it should: ${name}`, async (t) => {
    const ada = await joined(t, name, 'Ada', options);
    const grace = await joined(t, name, 'Grace');
    await here(ada, ['Ada (you)', 'Grace']);
    await say(ada, 'Is anybody polling today?');
    await said(grace, 'Is anybody polling today?').waitFor();
    await say(grace, 'Not me. The server tells me when there is news.');
    await say(grace, 'It takes two bytes of header.');
    await said(ada, 'It takes two bytes of header.').waitFor();
    await fitsItsWidth(ada);
    await shot(ada, name);
  });
}
