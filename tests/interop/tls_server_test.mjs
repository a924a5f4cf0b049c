// Our servers over TLS against other people's clients: npm `ws`, Node's https and tls, curl, openssl.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';

import { Authority, contentOf, contents } from './certificates.mjs';
import { event, onFreePort, patience, Program, startServer, within } from './harness.mjs';

let authority;
let stranger;
let identity;
let ca;

before(() => {
  authority = new Authority();
  stranger = new Authority();
  identity = authority.issue();
  ca = contentOf(authority.cert);
});

after(() => {
  authority?.remove();
  stranger?.remove();
});

async function startEcho(t) {
  const server = await startServer('echo_server', [...onFreePort, '--tls', identity.cert, identity.key]);
  t.after(() => server.kill());
  return server;
}

async function startSite(t, files = identity, flags = []) {
  const server = await startServer('duplex',
    ['serve', ...onFreePort, '--tls-cert', files.cert, '--tls-key', files.key, ...flags]);
  t.after(() => server.kill());
  return server;
}

async function open(t, url, options = { ca }) {
  const ws = new WebSocket(url, options);
  t.after(() => ws.terminate());
  await event(ws, 'open');
  return ws;
}

/** The error of a connection that has to fail. */
async function refusal(emitter) {
  const [error] = await within(new Promise((resolve) => emitter.once('error', (...args) => resolve(args))), 'an error');
  return error;
}

/** A connection with nothing said on it. */
async function connectTls(t, port, options) {
  const socket = tls.connect({ host: '127.0.0.1', port, ca, ...options });
  t.after(() => socket.destroy());
  await event(socket, 'secureConnect');
  // A server that is killed before it has read the last of the handshake resets the connection.
  socket.on('error', () => {});
  return socket;
}

/** Runs curl without its configuration file; returns what it wrote. */
async function curl(...args) {
  const { stdout } = await promisify(execFile)('curl', ['-q', '--silent', '--show-error', '--max-time', '20', ...args],
    { timeout: patience });
  return stdout;
}

describe('npm ws', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    test(`all sizes come back over ${version}`, async (t) => {
      const server = await startEcho(t);
      assert.match(server.ws, /^wss:/);
      const ws = await open(t, server.ws, { ca, minVersion: version, maxVersion: version });
      for (const size of [0, 1, 125, 126, 16_384, 65_535, 65_536, 1 << 20, 20_000_000]) {
        for (const binary of [true, false]) {
          const data = binary ? randomBytes(size) : Buffer.alloc(size, 'duplex ');
          const answer = event(ws, 'message');
          ws.send(data, { binary });
          const [received, isBinary] = await answer;
          assert.equal(isBinary, binary);
          assert.ok(data.equals(received));
        }
      }
      const closed = event(ws, 'close');
      ws.close(1000, 'done');
      assert.deepEqual(await closed, [1000, Buffer.from('done')]);
    });
  }

  test('a thousand messages keep their order', async (t) => {
    const ws = await open(t, (await startEcho(t)).ws);
    const received = [];
    const all = within(new Promise((resolve) => {
      ws.on('message', (data) => received.push(data.toString()) === 1000 && resolve());
    }), 'a thousand messages');
    const sent = Array.from({ length: 1000 }, (_, i) => `${i} ${'x'.repeat(i * 7)}`);
    for (const text of sent) ws.send(text);
    await all;
    assert.deepEqual(received, sent);
  });

  test('who does not trust the authority stays outside', async (t) => {
    const server = await startEcho(t);
    const distrusting = new WebSocket(server.ws, { ca: contentOf(stranger.cert) });
    assert.equal((await refusal(distrusting)).code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    const otherName = new WebSocket(server.ws, { ca, servername: 'other.example' });
    assert.equal((await refusal(otherName)).code, 'ERR_TLS_CERT_ALTNAME_INVALID');
    await open(t, server.ws);
  });

  test('the server goes with Close 1001 and an end of TLS', async (t) => {
    const server = await startEcho(t);
    const ws = await open(t, server.ws);
    const closed = event(ws, 'close');
    const exit = server.stop();
    assert.equal((await closed)[0], 1001);
    assert.equal((await exit).code, 0);
  });
});

describe('Node', () => {
  test('TLS 1.1 is refused, h2 alone as well, and http/1.1 agreed on', async (t) => {
    const { port } = await startEcho(t);
    const old = tls.connect({
      host: '127.0.0.1', port, ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0',
    });
    assert.match((await refusal(old)).message, /alert protocol version|unsupported protocol/);
    const h2 = tls.connect({ host: '127.0.0.1', port, ca, ALPNProtocols: ['h2'] });
    assert.match((await refusal(h2)).message, /no application protocol/);
    const both = await connectTls(t, port, { ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(both.alpnProtocol, 'http/1.1');
  });

  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    test(`a session of ${version} is resumed`, async (t) => {
      const { port } = await startSite(t);
      const options = { minVersion: version, maxVersion: version, servername: 'localhost' };
      const first = tls.connect({ host: '127.0.0.1', port, ca, ...options });
      t.after(() => first.destroy());
      const session = event(first, 'session');
      first.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const [ticket] = await session;
      assert.equal(first.isSessionReused(), false);
      const second = await connectTls(t, port, { ...options, session: ticket });
      assert.equal(second.isSessionReused(), true);
    });
  }

  test('renegotiation is refused', async (t) => {
    const { port } = await startEcho(t);
    const socket = await connectTls(t, port, { maxVersion: 'TLSv1.2' });
    const error = await within(new Promise((resolve) => {
      socket.once('error', resolve);
      socket.renegotiate({}, (why) => why && resolve(why));
    }), 'a refusal');
    assert.match(error.message, /no renegotiation/);
  });

  test('the end of an answer is an end of TLS', async (t) => {
    const { port } = await startSite(t);
    const socket = await connectTls(t, port, {});
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    socket.resume();
    await event(socket, 'end');
  });

  test('clients need certificates where the server says so', async (t) => {
    const server = await startSite(t, identity, ['--tls-client-ca', authority.cert]);
    const status = (options) => within(new Promise((resolve) => {
      https.get(server.http, { ca, agent: false, ...options }, (answer) => resolve(answer.resume().statusCode))
        .on('error', (error) => resolve(error.code));
    }), 'an answer');
    assert.equal(await status(contents(authority.issue('ann', ''))), 200);
    assert.notEqual(await status({}), 200);
    assert.notEqual(await status(contents(stranger.issue('mallory', ''))), 200);
    const ws = new WebSocket(server.ws, { ca, ...contents(authority.issue('bob', '')) });
    t.after(() => ws.terminate());
    assert.equal((await event(ws, 'message'))[0].toString(), 'Hello');
  });

  test('SIGHUP brings the new certificate to new connections, and the old ones live on', async (t) => {
    const files = { cert: join(authority.folder, 'now.pem'), key: join(authority.folder, 'now.key') };
    const put = ({ cert, key }) => {
      copyFileSync(cert, files.cert);
      copyFileSync(key, files.key);
    };
    put(authority.issue('first'));
    const server = await startSite(t, files, ['--log', 'info']);
    const shown = async () => (await connectTls(t, server.port, {})).getPeerCertificate().subject.CN;
    const ws = await open(t, server.ws);
    assert.equal(await shown(), 'first');
    put(authority.issue('second'));
    assert.equal(await shown(), 'first');
    server.process.kill('SIGHUP');
    await server.printed(/has been read anew/, 'stderr');
    assert.equal(await shown(), 'second');
    writeFileSync(files.key, 'no key');
    server.process.kill('SIGHUP');
    await server.printed(/holds no private key.*the old certificate stays/, 'stderr');
    assert.equal(await shown(), 'second');
    const answer = within(new Promise((resolve) => {
      ws.on('message', (data) => data.toString() === 'still here' && resolve());
    }), 'the answer on the old connection');
    ws.send('still here');
    await answer;
  });
});

describe('curl', () => {
  test('gets a page over https, and words over http', async (t) => {
    const server = await startSite(t);
    assert.match(await curl('--cacert', authority.cert, `https://localhost:${server.port}/`,
      '--resolve', `localhost:${server.port}:127.0.0.1`), /<!doctype html>/i);
    assert.match(await curl('--include', `http://127.0.0.1:${server.port}/`), /^HTTP\/1.1 400 .*This port speaks TLS/s);
    await assert.rejects(curl(server.http), /SSL certificate problem/);
  });
});

describe('openssl s_client', () => {
  /** What it prints when each of `steps`, [input, pattern], has been sent and answered. */
  async function converse(t, port, flags, ...steps) {
    const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', authority.cert, ...flags]);
    t.after(() => client.kill('SIGKILL'));
    let printed = '';
    client.stdin.on('error', () => {});
    let look = () => {};
    for (const stream of [client.stdout, client.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        printed += text;
        look();
      });
    }
    for (const [input, expected] of steps) {
      client.stdin.write(input);
      await within(new Promise((resolve) => {
        look = () => expected.test(printed) && resolve();
        look();
      }), `openssl to print ${expected}`);
    }
    return printed;
  }

  for (const flags of [['-tls1_2'], ['-tls1_3'], ['-tls1_3', '-ciphersuites', 'TLS_CHACHA20_POLY1305_SHA256']]) {
    test(`reads a page with ${flags.join(' ')}`, async (t) => {
      const { port } = await startSite(t);
      const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
      const printed = await converse(t, port, ['-verify_hostname', 'localhost', '-verify_return_error', ...flags],
        [request, /HTTP\/1\.1 200/]);
      assert.match(printed, /Verif(y return code|ication): (0 \(ok\)|OK)/);
    });
  }

  test('key updates in both directions are followed', async (t) => {
    const { port } = await startSite(t);
    // K and k are commands, each on a line of its own: its keys alone, and both sides'.
    await converse(t, port, ['-tls1_3'],
      ['', /Verif/], ['k\n', /KEYUPDATE/], ['K\n', /KEYUPDATE[^]*KEYUPDATE/],
      ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', /HTTP\/1\.1 200/]);
  });
});

describe('duplex bench', () => {
  const bench = async (t, server, flags) => {
    const program = new Program('duplex', ['bench', server.ws, '--json', '-c', '10', '--warm-up', '0.1',
      '--duration', '0.5', ...flags]);
    t.after(() => program.kill());
    assert.equal((await program.exit()).code, 0, program.stdout + program.stderr);
    return JSON.parse(program.stdout);
  };

  test('measures echoes over TLS', async (t) => {
    const result = await bench(t, await startEcho(t), ['--ca', authority.cert]);
    assert.ok(result.messages > 0, JSON.stringify(result));
  });

  for (const resume of [[], ['--resume']]) {
    test(`opens and closes ${resume.length ? 'with resumed sessions' : 'with whole handshakes'}`, async (t) => {
      const result = await bench(t, await startEcho(t), ['--insecure', '--workload', 'connect', ...resume]);
      assert.ok(result.handshakes > 0, JSON.stringify(result));
    });
  }
});

describe('what cannot be used', () => {
  for (const [what, flags, said] of [
    ['a missing file', () => ['--tls-cert', '/no/such.pem', '--tls-key', identity.key], /'\/no\/such.pem' cannot be read/],
    ['the key of another', () => ['--tls-cert', identity.cert, '--tls-key', authority.key], /does not match/],
    ['a certificate without a key', () => ['--tls-cert', identity.cert], /--tls-key/],
  ]) {
    test(`${what} ends the program`, async () => {
      const { stderr, code } = await within(promisify(execFile)(
        join(process.env.DUPLEX_BIN ?? new URL('../../build/release/bin', import.meta.url).pathname, 'duplex'),
        ['serve', ...onFreePort, ...flags()]).then(() => ({}), (error) => error), 'the end');
      assert.notEqual(code, undefined);
      assert.match(stderr, said);
    });
  }
});
