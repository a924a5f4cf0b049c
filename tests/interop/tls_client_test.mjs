// Our clients over TLS against servers of Node and npm `ws`.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import https from 'node:https';
import { after, before, describe, test } from 'node:test';
import { WebSocketServer } from 'ws';

import { Authority, contentOf, contents } from './certificates.mjs';
import { event, Program, within } from './harness.mjs';

let authority;
let stranger;

before(() => {
  authority = new Authority();
  stranger = new Authority();
});

after(() => {
  authority?.remove();
  stranger?.remove();
});

/** A server that sends everything back; its port, and the requests that it got. */
async function startServer(t, files, options = {}) {
  const server = https.createServer({ ...contents(files), ...options });
  const sockets = new WebSocketServer({ server });
  const requests = [];
  sockets.on('connection', (ws, request) => {
    requests.push(request);
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
  server.listen(0, '127.0.0.1');
  await event(server, 'listening');
  t.after(() => {
    for (const ws of sockets.clients) ws.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { port: server.address().port, requests, sockets };
}

function connect(t, ...args) {
  const program = new Program('duplex', ['connect', ...args]);
  t.after(() => program.kill());
  return program;
}

describe('duplex connect', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    test(`talks over ${version}, by name and by address`, async (t) => {
      const { port, requests } = await startServer(t, authority.issue(), { minVersion: version, maxVersion: version });
      for (const host of ['localhost', '127.0.0.1']) {
        const program = connect(t, '--ca', authority.cert, `wss://${host}:${port}/path`);
        await program.printed(/connected to wss:/, 'stderr');
        program.write('hello\n');
        await program.printed(/hello\n/);
        const large = `${'x'.repeat(300_000)} large`;
        program.write(`${large}\n`);
        await program.printed(/ large\n/);
        assert.equal(program.stdout, `hello\n${large}\n`);
        program.endInput();
        assert.equal((await program.exit()).code, 0);
      }
      assert.deepEqual(requests.map((request) => request.socket.servername), ['localhost', false]);
      assert.deepEqual(requests.map((request) => request.socket.alpnProtocol), ['http/1.1', 'http/1.1']);
    });
  }

  test('believes nobody whom nobody vouches for, unless told to', async (t) => {
    const { port } = await startServer(t, authority.issue());
    for (const flags of [[], ['--ca', stranger.cert]]) {
      const program = connect(t, ...flags, `wss://localhost:${port}`);
      await program.printed(/certificate is not accepted: unable to get local issuer certificate/, 'stderr');
      await program.printed(/closed with 1006/, 'stderr');
      assert.equal((await program.exit()).code, 1);
    }
    const careless = connect(t, '--insecure', `wss://localhost:${port}`);
    await careless.printed(/connected to/, 'stderr');
  });

  test('believes no certificate of another name', async (t) => {
    const { port } = await startServer(t, authority.issue('other.example', 'DNS:other.example'));
    const byName = connect(t, '--ca', authority.cert, `wss://localhost:${port}`);
    await byName.printed(/hostname mismatch/, 'stderr');
    const byAddress = connect(t, '--ca', authority.cert, `wss://127.0.0.1:${port}`);
    await byAddress.printed(/IP address mismatch/, 'stderr');
  });

  test('shows its certificate to a server that asks', async (t) => {
    const { port, requests } = await startServer(t, authority.issue(),
      { requestCert: true, ca: contentOf(authority.cert) });
    const ann = authority.issue('ann', '');
    const program = connect(t, '--ca', authority.cert, '--cert', ann.cert, '--key', ann.key, `wss://localhost:${port}`);
    await program.printed(/connected to/, 'stderr');
    assert.equal(requests[0].socket.getPeerCertificate().subject.CN, 'ann');
    const nobody = connect(t, '--ca', authority.cert, `wss://localhost:${port}`);
    await nobody.printed(/TLS failed: .*certificate required|ECONNRESET|reset/, 'stderr');
    assert.equal((await nobody.exit()).code, 1);
  });

  test('says what is wrong with its files', async (t) => {
    for (const [flags, said] of [
      [['--ca', '/no/such.pem'], /the CA '\/no\/such.pem' cannot be read/],
      [['--cert', authority.cert, '--key', stranger.key], /does not match/],
    ]) {
      const program = connect(t, ...flags, 'wss://localhost:1');
      await program.printed(said, 'stderr');
      assert.equal((await program.exit()).code, 2);
    }
  });

  test('knows a server that speaks no TLS', async (t) => {
    const plain = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    t.after(() => plain.close());
    await event(plain, 'listening');
    const program = connect(t, `wss://127.0.0.1:${plain.address().port}`);
    await program.printed(/TLS failed: wrong version number, as if the server spoke no TLS on this port/, 'stderr');
  });

  test('takes a server that is cut off in the middle for lost', async (t) => {
    const { port, sockets } = await startServer(t, authority.issue());
    const connection = event(sockets, 'connection');
    const program = connect(t, '--ca', authority.cert, `wss://localhost:${port}`);
    const [ws] = await connection;
    await program.printed(/connected to/, 'stderr');
    ws.terminate();
    await program.printed(/closed with 1006/, 'stderr');
    assert.equal((await program.exit()).code, 1);
  });

  test('reads what a server sends in pieces of all sizes', async (t) => {
    const { port, sockets } = await startServer(t, authority.issue());
    const connection = event(sockets, 'connection');
    const program = connect(t, '--ca', authority.cert, `wss://localhost:${port}`);
    const [ws] = await connection;
    const texts = Array.from({ length: 200 }, (_, i) => randomBytes((i * 397) % 30_000).toString('hex'));
    for (const text of texts) ws.send(text);
    ws.send('the end');
    await within(program.printed(/the end\n/), 'the last message');
    assert.deepEqual(program.stdout.split('\n'), [...texts, 'the end', '']);
  });
});
