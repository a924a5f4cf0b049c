// hello_server and hello_client, the two programs a reader meets first, with each other and with npm
// `ws`. They know one port only, so these tests are skipped where something else has it.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';

import { event, Program } from './harness.mjs';

const port = 5000;

async function isFree() {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await event(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

const busy = (await isFree()) ? false : `port ${port} is taken`;

// The kernel closes what io_uring held for a process a moment after that was killed.
beforeEach(async () => {
  for (let tries = 0; tries < 500 && !busy && !(await isFree()); ++tries) await sleep(10);
});

function start(t, name) {
  const program = new Program(name);
  t.after(() => program.kill());
  return program;
}

test('hello_client and hello_server greet each other', { skip: busy }, async (t) => {
  const server = start(t, 'hello_server');
  await server.printed(/http:\/\/127\.0\.0\.1:5000\n/);
  const client = start(t, 'hello_client');
  assert.deepEqual(await client.exit(), { code: 0, signal: null });
  assert.equal(client.stdout, 'open\nmessage Hello\nclose\n');
  await server.printed(/^Goodbye$/m);
});

test('hello_server greets npm ws', { skip: busy }, async (t) => {
  const server = start(t, 'hello_server');
  await server.printed(/http:\/\/127\.0\.0\.1:5000\n/);
  const ws = new WebSocket(`ws://localhost:${port}`);
  assert.equal((await event(ws, 'message'))[0].toString(), 'Hello');
  ws.send('from npm');
  await server.printed(/^from npm$/m);
  ws.close();
  await event(ws, 'close');
});

test('hello_server says that its port is taken', { skip: busy }, async (t) => {
  const other = createServer();
  t.after(() => new Promise((resolve) => other.close(resolve)));
  other.listen(port, '127.0.0.1');
  await event(other, 'listening');
  const server = start(t, 'hello_server');
  assert.deepEqual(await server.exit(), { code: 1, signal: null });
  assert.match(server.stderr, /^hello_server: .*in use/i);
});

test('hello_client says goodbye to npm ws', { skip: busy }, async (t) => {
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  t.after(() => new Promise((resolve) => server.close(resolve)));
  await event(server, 'listening');
  const connection = event(server, 'connection');
  const client = start(t, 'hello_client');
  const [ws] = await connection;
  ws.send('Hello');
  assert.equal((await event(ws, 'message'))[0].toString(), 'Goodbye');
  // `ws.close()` without arguments is an empty Close frame.
  assert.equal((await event(ws, 'close'))[0], 1005);
  assert.deepEqual(await client.exit(), { code: 0, signal: null });
  assert.equal(client.stdout, 'open\nmessage Hello\nclose\n');
});
