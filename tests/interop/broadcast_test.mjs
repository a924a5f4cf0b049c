// broadcast_server with members from three makers: npm `ws`, python3-websockets and duplex.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';

import { event, onFreePort, Program, python, startServer, within } from './harness.mjs';

let server;

before(async () => {
  server = await startServer('broadcast_server', onFreePort);
});

after(() => server?.kill());

/** An npm `ws` client with `received`, and `count(n)` that waits for the nth message. */
async function join() {
  const ws = new WebSocket(server.ws);
  ws.received = [];
  ws.on('message', (data, isBinary) => {
    ws.received.push(isBinary ? data : data.toString());
    ws.emit('received');
  });
  ws.count = (n) => within((async () => {
    while (ws.received.length < n) await event(ws, 'received');
  })(), `${n} messages`);
  await event(ws, 'open');
  return ws;
}

async function leave(...members) {
  await Promise.all(members.map((ws) => {
    ws.close();
    return event(ws, 'close');
  }));
}

test('each message reaches every member once, the sender too, in order', async () => {
  const members = await Promise.all(Array.from({ length: 20 }, join));
  for (let i = 0; i < 50; i++) members[0].send(`message ${i}`);
  const expected = Array.from({ length: 50 }, (_, i) => `message ${i}`);
  for (const member of members) {
    await member.count(50);
    assert.deepEqual(member.received, expected);
  }
  await leave(...members);
});

test('binary messages stay binary, and large ones whole', async () => {
  const [sender, other] = [await join(), await join()];
  const bytes = randomBytes(200_000);
  sender.send(bytes);
  await Promise.all([sender.count(1), other.count(1)]);
  assert.deepEqual(sender.received, [bytes]);
  assert.deepEqual(other.received, [bytes]);
  await leave(sender, other);
});

test('who left gets nothing and disturbs nobody', async () => {
  const [leaver, cut, stayer] = [await join(), await join(), await join()];
  await leave(leaver);
  cut.terminate();
  stayer.send('anyone?');
  await stayer.count(1);
  assert.deepEqual(stayer.received, ['anyone?']);
  assert.deepEqual(leaver.received, []);
  await leave(stayer);
});

test('members from three makers hear each other', async (t) => {
  const script = fileURLToPath(new URL('websockets_member.py', import.meta.url));
  const snake = new Program(python, [script, server.ws]);
  t.after(() => snake.kill());
  const own = new Program('duplex', ['connect', server.ws]);
  t.after(() => own.kill());
  const node = await join();
  await snake.printed(/^open\n/);

  // duplex says nothing when it opens; that its message has come back shows that it is in.
  own.write('from duplex\n');
  await own.printed(/from duplex\n/);
  snake.write('from python\n');
  await Promise.all([own.printed(/from python\n/), snake.printed(/from python\n/)]);
  node.send('from node');
  await Promise.all([own.printed(/from node\n/), snake.printed(/from node\n/), node.count(3)]);

  assert.equal(own.stdout, 'from duplex\nfrom python\nfrom node\n');
  assert.equal(snake.stdout, 'open\nfrom duplex\nfrom python\nfrom node\n');
  assert.deepEqual(node.received, ['from duplex', 'from python', 'from node']);

  own.endInput();
  snake.endInput();
  assert.deepEqual(await own.exit(), { code: 0, signal: null });
  assert.deepEqual(await snake.exit(), { code: 0, signal: null });
  await leave(node);
});
