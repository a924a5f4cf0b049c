// The example whose handlers are coroutines, with npm `ws` as its client.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';

import { event, onFreePort, startServer, within } from './harness.mjs';

let server;

before(async () => {
  server = await startServer('coroutines', onFreePort);
});

after(() => server?.kill());

async function connect(path) {
  const ws = new WebSocket(server.ws + path);
  ws.received = [];
  ws.on('message', (data, isBinary) => {
    ws.received.push(isBinary ? data : data.toString());
    ws.emit('received');
  });
  ws.count = (n) => within((async () => {
    while (ws.received.length < n) await event(ws, 'received');
  })(), `${n} messages`);
  // What comes right behind the 101 is not to be missed.
  await event(ws, 'open');
  return ws;
}

async function close(ws) {
  ws.close(1000);
  const [code] = await event(ws, 'close');
  assert.equal(code, 1000);
}

describe('the echo', () => {
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 1 << 20, 10 << 20]) {
    test(`${size} bytes`, async () => {
      const ws = await connect('/echo');
      const binary = randomBytes(size);
      ws.send(binary);
      ws.send('x'.repeat(size));
      await ws.count(2);
      assert.deepEqual(ws.received, [binary, 'x'.repeat(size)]);
      await close(ws);
    });
  }

  test('three thousand in flight come back in order, the last of them before the close', async () => {
    const ws = await connect('/echo');
    const sent = Array.from({ length: 3000 }, (_, i) => `${i} ${'x'.repeat(i % 300)}`);
    for (const text of sent) ws.send(text);
    await close(ws);
    assert.deepEqual(ws.received, sent);
  });

  test('a client that sends 64 MB before it reads', async () => {
    const ws = await connect('/echo');
    ws.pause();
    for (let i = 0; i < 64; i++) ws.send(Buffer.alloc(1 << 20, i));
    setTimeout(() => ws.resume(), 200);
    await ws.count(64);
    ws.received.forEach((data, i) => assert.ok(data.length === 1 << 20 && data[0] === i && data.at(-1) === i));
    await close(ws);
  });

  test('fifty connections at once, some of which vanish', async () => {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => connect('/echo')));
    await Promise.all(sockets.map(async (ws, i) => {
      for (let n = 0; n < 20; n++) {
        ws.send(`${i}/${n}`);
        await ws.count(n + 1);
        assert.equal(ws.received.at(-1), `${i}/${n}`);
      }
      if (i % 3 !== 0) return close(ws);
      ws.terminate();
    }));
  });
});

test('the seconds go on until the client leaves', async () => {
  const ws = await connect('/seconds');
  await ws.count(2);
  assert.deepEqual(ws.received.slice(0, 2), ['0', '1']);
  await close(ws);
});

test('the game is a conversation', async () => {
  const ws = await connect('/game');
  await ws.count(1);
  ws.send('Ann');
  await ws.count(2);
  assert.equal(ws.received[1], 'Guess my number, Ann, from 1 to 100.');
  const closed = event(ws, 'close');
  let [low, high, guesses] = [1, 100, 0];
  for (;;) {
    const guess = (low + high) >> 1;
    ws.send(String(guess));
    guesses += 1;
    await ws.count(2 + guesses);
    if (ws.received.at(-1) === 'More.') low = guess + 1;
    else if (ws.received.at(-1) === 'Less.') high = guess - 1;
    else break;
  }
  assert.equal(ws.received.at(-1), `Right, with ${guesses} guesses.`);
  await closed;
});

test('a page that takes its time, and middleware that sees how long', async () => {
  const response = await fetch(`${server.http}/slow`);
  assert.equal(await response.text(), 'at last\n');
  const [, milliseconds] = await server.printed(/\/slow 200 ([\d.]+) ms/);
  assert.ok(Number(milliseconds) >= 200);
  assert.equal((await fetch(`${server.http}/nowhere`)).status, 404);
  await server.printed(/\/nowhere 404 /);
});
