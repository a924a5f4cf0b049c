// `duplex connect --reconnect` against a server of npm `ws` that goes away and comes back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';

import { event, Program, within } from './harness.mjs';

async function listen(port = 0) {
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  await event(server, 'listening');
  return server;
}

async function stop(server) {
  for (const ws of server.clients) ws.terminate();
  await within(new Promise((resolve) => server.close(resolve)), 'the server to close');
}

test('a server that dies and is started again', async (t) => {
  let server = await listen();
  t.after(() => stop(server));
  const { port } = server.address();
  const first = event(server, 'connection');
  const client = new Program('duplex', ['connect', '--reconnect', '50', `ws://127.0.0.1:${port}/`]);
  t.after(() => client.kill());
  await first;
  await client.printed(/connected to/, 'stderr');
  await stop(server);
  await client.printed(/; try 1 in \d+\.\d s/, 'stderr');
  server = await listen(port);
  const [ws] = await event(server, 'connection');
  await client.printed(/connected again to/, 'stderr');
  const message = event(ws, 'message');
  client.write('still here\n');
  assert.equal((await message)[0].toString(), 'still here');
  ws.send('me too');
  await client.printed(/me too/);
  client.endInput();
  assert.equal((await client.exit()).code, 0);
});

test('a server that says goodbye for good', async (t) => {
  const server = await listen();
  t.after(() => stop(server));
  const connection = event(server, 'connection');
  const client = new Program('duplex', ['connect', '--reconnect', '50', `ws://127.0.0.1:${server.address().port}/`]);
  t.after(() => client.kill());
  const [ws] = await connection;
  ws.close(1008, 'not you');
  assert.equal((await client.exit()).code, 1);
  assert.match(client.stderr, /closed with 1008 not you/);
  assert.doesNotMatch(client.stderr, /; try/);
});
