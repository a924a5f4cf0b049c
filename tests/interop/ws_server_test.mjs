// echo_client and `duplex connect` against the server of npm `ws`.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { WebSocketServer } from 'ws';

import { event, Program, within } from './harness.mjs';

/**
 * A server on a free port, and one of our clients connected to it. `arguments` is made from the
 * server's URL.
 */
async function meet(t, client, makeArguments, serverOptions = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...serverOptions });
  t.after(() => {
    for (const ws of server.clients) ws.terminate();
    server.close();
  });
  await event(server, 'listening');
  const connection = event(server, 'connection');
  const program = new Program(client, makeArguments(`ws://127.0.0.1:${server.address().port}`));
  t.after(() => program.kill());
  const [ws, request] = await connection;
  return { server, program, ws, request };
}

const meetEchoClient = (t, options) => meet(t, 'echo_client', (url) => [url], options);
const meetConnect = (t, flags = [], options = {}) =>
  meet(t, 'duplex', (url) => ['connect', ...flags, url], options);

describe('echo_client', () => {
  for (const perMessageDeflate of [false, true]) {
    test(`echoes all sizes, server ${perMessageDeflate ? 'with' : 'without'} compression`, async (t) => {
      const { ws } = await meetEchoClient(t, { perMessageDeflate });
      for (const size of [0, 1, 125, 126, 65_535, 65_536, 1 << 20]) {
        for (const binary of [true, false]) {
          const data = binary ? randomBytes(size) : Buffer.alloc(size, 'duplex ');
          const answer = event(ws, 'message');
          ws.send(data, { binary });
          assert.deepEqual(await answer, [data, binary]);
        }
      }
    });
  }

  test('puts fragments together, with pings between them', async (t) => {
    const { ws } = await meetEchoClient(t);
    const pong = event(ws, 'pong');
    const answer = event(ws, 'message');
    ws.send('one ', { fin: false });
    ws.ping('between');
    ws.send('', { fin: false });
    ws.send('two', { fin: true });
    assert.equal((await pong)[0].toString(), 'between');
    assert.equal((await answer)[0].toString(), 'one two');
  });

  test('keeps the order of a thousand messages', async (t) => {
    const { ws } = await meetEchoClient(t);
    const received = [];
    const all = new Promise((resolve) => {
      ws.on('message', (data) => {
        if (received.push(data.toString()) === 1000) resolve();
      });
    });
    const sent = Array.from({ length: 1000 }, (_, i) => `${i}`);
    for (const text of sent) ws.send(text);
    await within(all, 'a thousand echoes');
    assert.deepEqual(received, sent);
  });

  for (const code of [1000, 1001, 1011, 3000, 4999]) {
    test(`answers close ${code} with the same and exits`, async (t) => {
      const { ws, program } = await meetEchoClient(t);
      ws.close(code, 'enough');
      assert.equal((await event(ws, 'close'))[0], code);
      assert.equal((await program.exit()).signal, null);
    });
  }

  test('answers an empty close with an empty one and exits with 0', async (t) => {
    const { ws, program } = await meetEchoClient(t);
    ws.close();
    assert.equal((await event(ws, 'close'))[0], 1005);
    assert.deepEqual(await program.exit(), { code: 0, signal: null });
  });

  test('ends when the server is cut off', async (t) => {
    const { ws, program } = await meetEchoClient(t);
    ws.terminate();
    assert.equal((await program.exit()).signal, null);
  });

  test('shakes hands as RFC 6455 has it, with a new key each time', async (t) => {
    const first = await meetEchoClient(t);
    const second = await meetEchoClient(t);
    for (const { request, server } of [first, second]) {
      assert.equal(request.headers.host, `127.0.0.1:${server.address().port}`);
      assert.equal(request.headers['sec-websocket-version'], '13');
      assert.equal(request.headers.origin, undefined);
      assert.equal(Buffer.from(request.headers['sec-websocket-key'], 'base64').length, 16);
    }
    assert.notEqual(first.request.headers['sec-websocket-key'], second.request.headers['sec-websocket-key']);
  });
});

describe('duplex connect', () => {
  test('sends each line typed and closes 1000 at the end of input', async (t) => {
    const { ws, program } = await meetConnect(t);
    const received = [];
    ws.on('message', (data, isBinary) => received.push([data.toString(), isBinary]));
    const end = event(ws, 'close');
    program.write('first\nsecond, with κόσμε\n\nlast');
    program.endInput();
    assert.equal((await end)[0], 1000);
    assert.deepEqual(received, [['first', false], ['second, with κόσμε', false], ['', false], ['last', false]]);
    assert.deepEqual(await program.exit(), { code: 0, signal: null });
  });

  test('prints each message on a line of its own', async (t) => {
    const { ws, program } = await meetConnect(t);
    ws.send('Hello');
    ws.send('in ', { fin: false });
    ws.send('parts', { fin: true });
    await program.printed(/parts\n/);
    assert.equal(program.stdout, 'Hello\nin parts\n');
  });

  test("prints the server's close code", async (t) => {
    const { ws, program } = await meetConnect(t);
    ws.close(4001, 'until tomorrow');
    await program.printed(/4001/, 'stderr');
    await program.exit();
    assert.equal(program.stdout, '');
  });

  test('passes on headers, origin and subprotocols', async (t) => {
    const { request, ws } = await meetConnect(t, [
      '--protocol', 'superchat', '--protocol', 'chat',
      '--header', 'Authorization: Bearer abc', '--header', 'X-Colour: blue: green',
      '--origin', 'https://example.com',
    ], { handleProtocols: (offered) => (offered.has('chat') ? 'chat' : false) });
    assert.equal(request.headers.authorization, 'Bearer abc');
    assert.equal(request.headers['x-colour'], 'blue: green');
    assert.equal(request.headers.origin, 'https://example.com');
    assert.deepEqual(request.headers['sec-websocket-protocol'].split(/\s*,\s*/), ['superchat', 'chat']);
    assert.equal(ws.protocol, 'chat');
  });

  test('says that no subprotocol was agreed on', async (t) => {
    const { program } = await meetConnect(t, ['--protocol', 'nosuch'], { handleProtocols: () => false });
    assert.equal((await program.exit()).code, 1);
    assert.match(program.stderr, /no subprotocol that was offered was agreed on/);
  });

  test('a line of a megabyte arrives whole', async (t) => {
    const { ws, program } = await meetConnect(t);
    const line = 'duplex '.repeat(150_000);
    const message = event(ws, 'message');
    program.write(`${line}\n`);
    assert.equal((await message)[0].toString(), line);
    program.endInput();
    assert.equal((await program.exit()).code, 0);
  });

  test('fails when nobody listens', async (t) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await event(server, 'listening');
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    const program = new Program('duplex', ['connect', `ws://127.0.0.1:${port}`]);
    t.after(() => program.kill());
    assert.notEqual((await program.exit()).code, 0);
    assert.notEqual(program.stderr, '');
  });

  test('fails when the server refuses', async (t) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, verifyClient: () => false });
    t.after(() => server.close());
    await event(server, 'listening');
    const program = new Program('duplex', ['connect', `ws://127.0.0.1:${server.address().port}`]);
    t.after(() => program.kill());
    assert.notEqual((await program.exit()).code, 0);
    assert.match(program.stderr, /401/);
  });
});
