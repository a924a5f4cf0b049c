// Unix sockets: `duplex serve --unix` against the client of npm `ws` and curl, `duplex connect` against
// the server of npm `ws`.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { WebSocket, WebSocketServer } from 'ws';

import { event, Program } from './harness.mjs';

const backend = ['--backend', process.env.DUPLEX_TEST_BACKEND ?? 'auto'];
let folder;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'duplex-'));
});

after(() => rmSync(folder, { recursive: true }));

/** A server on the Unix socket `path`. */
async function serve(t, path, flags = []) {
  const program = new Program('duplex', ['serve', '--unix', path, ...backend, ...flags]);
  t.after(() => program.kill());
  await program.printed(/duplex serves its demo page on unix:\S+\n/);
  return program;
}

describe('duplex serve --unix', () => {
  test('serves the client of npm ws, curl, and another client of ours', async (t) => {
    const path = join(folder, 'a.sock');
    const server = await serve(t, path);
    assert.equal(statSync(path).mode & 0o777, 0o600);

    const ws = new WebSocket(`ws+unix:${path}:/`);
    const [hello] = await event(ws, 'message');
    assert.equal(hello.toString(), 'Hello');
    const { stdout } = await promisify(execFile)('curl', ['--silent', '--unix-socket', path, 'http://localhost/']);
    assert.match(stdout, /<title>/);

    const client = new Program('duplex', ['connect', `ws+unix:${path}:/`]);
    t.after(() => client.kill());
    await client.printed(/Hello/);
    client.write('from the terminal\n');
    const texts = [];
    ws.on('message', (data) => texts.push(data.toString()));
    await client.printed(/from the terminal/);
    ws.close();
    await event(ws, 'close');
    assert.ok(texts.includes('from the terminal'));

    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    assert.equal(existsSync(path), false);
  });

  test('replaces what a killed server left, not what another listens on', async (t) => {
    const path = join(folder, 'b.sock');
    const killed = await serve(t, path);
    await killed.kill();
    assert.equal(existsSync(path), true);
    await serve(t, path, ['--unix-mode', '666']);
    assert.equal(statSync(path).mode & 0o777, 0o666);

    const second = new Program('duplex', ['serve', '--unix', path, ...backend]);
    t.after(() => second.kill());
    assert.equal((await second.exit()).code, 1);
    assert.match(second.stderr, /in use/);
    const ws = new WebSocket(`ws+unix:${path}:/`);
    await event(ws, 'open');
    ws.terminate();
  });
});

test('duplex connect reaches a server of npm ws', async (t) => {
  const path = join(folder, 'c.sock');
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  t.after(() => {
    for (const ws of server.clients) ws.terminate();
    http.close();
  });
  http.listen(path);
  await event(http, 'listening');
  const connection = event(server, 'connection');
  const client = new Program('duplex', ['connect', `ws+unix:${path}:/room?x=1`]);
  t.after(() => client.kill());
  const [ws, request] = await connection;
  assert.equal(request.url, '/room?x=1');
  assert.equal(request.headers.host, 'localhost');
  ws.send('over the socket');
  await client.printed(/over the socket/);
  client.endInput();
  assert.equal((await client.exit()).code, 0);
});
