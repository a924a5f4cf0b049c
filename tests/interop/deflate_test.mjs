// permessage-deflate with npm `ws`, in both roles, with every parameter.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';

import { event, onFreePort, Program, startServer, within } from './harness.mjs';

const record = (i) => `{"id":${i * 7919 % 1000},"name":"user${i % 10}","active":${i % 3 === 0}},`;
const json = (size) => Array.from({ length: size / 30 + 2 }, (_, i) => record(i)).join('').slice(0, size);

/** What compresses well and what does not, small and large, the same again and again. */
const messages = [
  'Hello', 'Hello', '', json(200), json(200), json(1000), randomBytes(1000), json(1000), 'κόσμε 🌍',
  json(16_384), json(16_384), randomBytes(70_000), json(500_000), Buffer.alloc(1 << 20), 'Hello',
];

/** Both windows as far as zlib has them, context takeover or none on each side. */
const parameters = [
  {},
  { serverNoContextTakeover: true },
  { clientNoContextTakeover: true },
  { serverNoContextTakeover: true, clientNoContextTakeover: true },
  ...[8, 9, 12, 15].flatMap((bits) => [
    { serverMaxWindowBits: bits },
    { clientMaxWindowBits: bits },
    { serverMaxWindowBits: bits, clientMaxWindowBits: 23 - bits, serverNoContextTakeover: true },
  ]),
];
const named = (options) => Object.entries(options).map(([name, value]) => `${name} ${value}`).join(', ') || 'the defaults';

/** Sends all, and checks that all comes back. */
async function echoAll(ws) {
  const received = [];
  const all = new Promise((resolve, reject) => {
    ws.on('message', (data, isBinary) => {
      received.push(isBinary ? data : data.toString());
      if (received.length === messages.length) resolve();
    });
    ws.once('close', (code) => reject(new Error(`closed with ${code}`)));
  });
  for (const message of messages) ws.send(message);
  await within(all, 'all echoes');
  assert.deepEqual(received, messages);
}

/** What a server answers that takes all of an offer. */
const answer = ({ serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits }) => [
  'permessage-deflate',
  ...(serverNoContextTakeover ? ['server_no_context_takeover'] : []),
  ...(clientNoContextTakeover ? ['client_no_context_takeover'] : []),
  ...(serverMaxWindowBits ? [`server_max_window_bits=${serverMaxWindowBits}`] : []),
  ...(clientMaxWindowBits < 15 ? [`client_max_window_bits=${clientMaxWindowBits}`] : []),
].join('; ');

/** Opens, and tells what the server chose. */
async function connect(url, perMessageDeflate) {
  const ws = new WebSocket(url, { perMessageDeflate: perMessageDeflate && { threshold: 0, ...perMessageDeflate } });
  const opened = event(ws, 'open');
  const [response] = await event(ws, 'upgrade');
  await opened;
  return { ws, extensions: response.headers['sec-websocket-extensions'] };
}

async function close(ws) {
  const closed = event(ws, 'close');
  ws.close();
  await closed;
}

describe('echo_server --deflate', () => {
  let server;
  before(async () => {
    server = await startServer('echo_server', ['--deflate', ...onFreePort]);
  });
  after(() => server?.kill());

  for (const options of parameters) {
    test(`client with ${named(options)}`, async () => {
      const { ws, extensions } = await connect(server.ws, options);
      assert.equal(extensions, answer(options));
      await echoAll(ws);
      await close(ws);
    });
  }

  test('client without', async () => {
    const { ws, extensions } = await connect(server.ws, false);
    assert.equal(extensions, undefined);
    await echoAll(ws);
    await close(ws);
  });

  test('fragments, with pings between them', async () => {
    const { ws } = await connect(server.ws, {});
    for (let round = 0; round < 3; round++) {
      const echoed = event(ws, 'message');
      const parts = [json(3000), '', json(100), '🌍', ''];
      parts.forEach((part, i) => {
        ws.send(part, { fin: i === parts.length - 1 });
        ws.ping('between');
      });
      assert.equal((await echoed)[0].toString(), parts.join(''));
    }
    await close(ws);
  });
});

describe('broadcast_server --deflate', () => {
  test('reaches those who compress, in one way or another, and those who do not', async (t) => {
    const server = await startServer('broadcast_server', ['--deflate', ...onFreePort]);
    t.after(() => server.kill());
    const sockets = await Promise.all([false, ...parameters].map(async (options) => (await connect(server.ws, options)).ws));
    const done = sockets.map((ws) => new Promise((resolve) => {
      const received = [];
      ws.on('message', (data, isBinary) => {
        received.push(isBinary ? data : data.toString());
        if (received.length === messages.length) resolve(received);
      });
    }));
    for (const message of messages) sockets[1].send(message);
    for (const received of await within(Promise.all(done), 'all messages')) assert.deepEqual(received, messages);
    for (const ws of sockets) ws.terminate();
  });
});

describe('echo_client', () => {
  for (const options of parameters) {
    test(`server with ${named(options)}`, async (t) => {
      const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: { threshold: 0, ...options } });
      t.after(() => {
        for (const ws of server.clients) ws.terminate();
        server.close();
      });
      await event(server, 'listening');
      const connection = event(server, 'connection');
      const program = new Program('echo_client', [`ws://127.0.0.1:${server.address().port}`]);
      t.after(() => program.kill());
      const [ws, request] = await connection;
      assert.equal(request.headers['sec-websocket-extensions'], 'permessage-deflate; client_max_window_bits');
      assert.match(ws.extensions, /^permessage-deflate/);
      await echoAll(ws);
      await close(ws);
      assert.deepEqual(await program.exit(), { code: 0, signal: null });
    });
  }
});
