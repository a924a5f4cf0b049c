// `duplex check` against duplex's own ends, npm `ws`, and servers that misbehave.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';

import { Authority, contentOf } from './certificates.mjs';
import { event, onFreePort, Program, startServer } from './harness.mjs';

let echoServer;
let authority;

before(async () => {
  authority = new Authority();
  echoServer = await startServer('echo_server', onFreePort);
});

after(() => {
  echoServer?.kill();
  authority?.remove();
});

/**
 * Runs `duplex check`, of which every wait is limited, all of them together to more than a program has here;
 * resolves with the Program, ended, and its exit code as `code`.
 */
async function check(t, ...args) {
  const program = new Program('duplex', ['check', ...args]);
  t.after(() => program.kill());
  const { code } = await program.closed;
  return Object.assign(program, { code });
}

async function reportOf(t, ...args) {
  const program = await check(t, '--json', ...args);
  assert.ok(program.stdout.startsWith('{'), program.stderr);
  return { ...JSON.parse(program.stdout), code: program.code };
}

/** What npm ws is known to take: a handshake or a window that is none by the letter. */
const isKnown = (each) => each.id.startsWith('0.') || /_max_window_bits=(08|010|\+9|1e1)$/.test(each.title);
const withVerdict = (report, verdict) => report.cases.filter((each) => each.verdict === verdict);

/** A server that upgrades every request and answers what it gets by `answer(socket, bytes)`. */
async function serveRaw(t, answer) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (head) => {
      const key = /Sec-WebSocket-Key: (\S+)/i.exec(head.toString())?.[1] ?? '';
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
        + `Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
      socket.on('data', (bytes) => answer(socket, bytes));
    });
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await event(server, 'listening');
  return `ws://127.0.0.1:${server.address().port}/`;
}

test('echo_server fails nothing', async (t) => {
  const report = await reportOf(t, echoServer.ws);
  assert.deepEqual(withVerdict(report, 'FAIL'), []);
  assert.deepEqual(withVerdict(report, 'non-strict'), []);
  assert.equal(report.code, 0);
  assert.equal(report.role, 'server');
  assert.equal(report.subject, `${echoServer.ws}/`);
  const sum = Object.values(report.count).reduce((a, b) => a + b);
  assert.equal(sum, report.cases.length);
  assert.ok(report.count.pass > 400);
  for (const each of report.cases) {
    assert.match(each.id, /^\d+\.\d+\.\d+$/);
    assert.match(each.section, /^RFC \d+/);
  }
});

test('the table for people, and one part of the cases', async (t) => {
  const program = await check(t, echoServer.ws, '--only', '3');
  assert.equal(program.code, 0);
  assert.match(program.stdout, /^ +pass +non-strict +info +FAIL +not run$/m);
  assert.match(program.stdout, /^ 3 {2}Reserved bits +\d+ /m);
  assert.doesNotMatch(program.stdout, /Framing/);
  const list = await check(t, '--list', '--only', '6.1');
  assert.equal(list.code, 0);
  for (const line of list.stdout.trim().split('\n')) assert.match(line, /^6\.1\.\d+ +MUST +RFC 6455 §5\.6/);
});

test('the page holds the whole report', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'duplex-check-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'report.html');
  const program = await check(t, echoServer.ws, '--only', '2', '--name', '</script> & <b>', '--html', file);
  assert.equal(program.code, 0, program.stderr);
  const page = readFileSync(file, 'utf8');
  const data = JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)[1]);
  assert.equal(data.subject, '</script> & <b>');
  assert.equal(data.count.pass, data.cases.length);
  assert.doesNotMatch(page, /(src|<link[^>]* href)="http/);
  const nowhere = await check(t, echoServer.ws, '--only', '2.1.1', '--html', join(folder, 'no', 'where.html'));
  assert.equal(nowhere.code, 2);
});

describe('over TLS', () => {
  const parts = ['0', '7', '12.1'];
  let identity;
  let server;

  before(async () => {
    identity = authority.issue();
    server = await startServer('echo_server', [...onFreePort, '--deflate', '--tls', identity.cert, identity.key]);
  });

  after(() => server?.kill());

  test('echo_server fails nothing', async (t) => {
    for (const part of parts) {
      const report = await reportOf(t, server.ws, '--ca', authority.cert, '--only', part);
      assert.match(report.subject, /^wss:/);
      assert.deepEqual(report.cases.filter((each) => each.verdict !== 'pass'), []);
      assert.ok(report.cases.length > 10);
    }
  });

  test('whom nobody vouches for is not asked, unless that is wanted', async (t) => {
    const careful = await check(t, server.ws, '--only', '2.1');
    assert.equal(careful.code, 2);
    assert.match(careful.stderr, /no connection: the peer's certificate is not accepted: unable to get local issuer/);
    // Another address of the name, where nobody listens, does not hide it.
    const named = await check(t, `wss://localhost:${server.port}`, '--only', '2.1');
    assert.equal(named.code, 2);
    assert.match(named.stderr, /: no connection: the peer's certificate/);
    const careless = await check(t, server.ws, '--only', '2.1', '--insecure');
    assert.equal(careless.code, 0);
  });

  test('what cannot be asked is said', async (t) => {
    const plain = await check(t, echoServer.ws.replace('ws:', 'wss:'), '--insecure');
    assert.equal(plain.code, 2);
    assert.match(plain.stderr, /no connection: TLS failed: .*spoke no TLS/);
    const noFile = await check(t, server.ws, '--ca', '/no/such/file.pem');
    assert.equal(noFile.code, 2);
    assert.match(noFile.stderr, /no\/such\/file/);
    for (const flags of [['--ca', authority.cert], ['--insecure'], ['--cert', identity.cert]]) {
      assert.ok((await check(t, '--listen', '0', ...flags)).code > 100);
    }
  });

  test('npm ws as a client', async (t) => {
    const checking = await listen(t, '--only', '7', '--cert', identity.cert, '--key', identity.key);
    assert.match(checking.url, /^wss:/);
    const ca = contentOf(authority.cert);
    for (let i = 0; i < checking.times; ++i) await converse(checking.url, { ca });
    await checking.exit();
    const report = JSON.parse(checking.stdout);
    assert.equal(report.cases.length, checking.times);
    assert.deepEqual(withVerdict(report, 'FAIL'), []);
    assert.ok(report.count.pass > 20);
  });
});

test('npm ws as a server fails nothing that the protocol is about', async (t) => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true, maxPayload: 64 << 20 });
  t.after(() => server.close());
  await event(server, 'listening');
  server.on('connection', (ws) => {
    ws.on('error', () => {});
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
  const report = await reportOf(t, `ws://127.0.0.1:${server.address().port}`);
  const failed = withVerdict(report, 'FAIL').filter((each) => !isKnown(each));
  assert.deepEqual(failed, []);
  assert.ok(report.count.pass > 550);
});

test('a server that sends everything back fails, and is told why', async (t) => {
  const url = await serveRaw(t, (socket, bytes) => socket.write(bytes));
  const report = await reportOf(t, url, '--only', '2', '--timeout', '1');
  assert.equal(report.code, 1);
  assert.equal(report.count.pass, 0);
  for (const each of withVerdict(report, 'FAIL')) {
    assert.equal(each.why, 'it sent a frame with a mask');
    assert.equal(each.section, 'RFC 6455 §5.1');
  }
});

test('a server that does not echo is asked what needs no echo', async (t) => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  t.after(() => server.close());
  await event(server, 'listening');
  server.on('connection', (ws) => ws.on('error', () => {}));
  const report = await reportOf(t, `ws://127.0.0.1:${server.address().port}`, '--only', '7', '--timeout', '1');
  assert.match(report.remark, /does not echo/);
  assert.equal(report.code, 0);
  assert.ok(report.count.pass > 20);
  for (const each of withVerdict(report, 'not run')) assert.equal(each.why, 'the server does not echo');
});

test('a server that speaks first is not blamed for it, case by case', async (t) => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  t.after(() => server.close());
  await event(server, 'listening');
  server.on('connection', (ws) => {
    ws.on('error', () => {});
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    ws.send('Welcome');
  });
  const program = await check(t, `ws://127.0.0.1:${server.address().port}`);
  assert.equal(program.code, 2);
  assert.equal(program.stdout, '');
  assert.match(program.stderr, /^duplex: ws:\S+: the server speaks first \(text "Welcome"/);
});

test('what is no WebSocket at all is not asked', async (t) => {
  const absent = await check(t, `${echoServer.ws}/no/such/path`, '--only', '6.2');
  assert.equal(absent.code, 2);
  assert.equal(absent.stdout, '');
  assert.match(absent.stderr, /a good handshake was not answered with 101: it answered 404/);

  const silent = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.end()));
  t.after(() => silent.close());
  silent.listen(0, '127.0.0.1');
  await event(silent, 'listening');
  const ended = await check(t, `ws://127.0.0.1:${silent.address().port}`);
  assert.equal(ended.code, 2);
  assert.match(ended.stderr, /it ended the connection without an answer/);
});

test('what cannot be asked is said, with exit code 2', async (t) => {
  for (const [args, message] of [
    [[], /needs the URL of a server/],
    [['ftp://127.0.0.1/'], /ftp/],
    [['ws://127.0.0.1:1/'], /no connection/],
    [[echoServer.ws, '--only', 'no such case'], /no case is called/],
    [['--listen', '0', '--host', 'nowhere'], /is no address/],
  ]) {
    const program = await check(t, ...args);
    assert.equal(program.code, 2);
    assert.match(program.stderr, message);
  }
  const both = await check(t, echoServer.ws, '--listen', '0');
  assert.notEqual(both.code, 0);
});

/** Starts `duplex check --listen`; the Program, and where it listens as `url`. */
async function listen(t, ...args) {
  const program = new Program('duplex', ['check', '--listen', '0', '--json', ...args]);
  t.after(() => program.kill());
  const [, url, times] = await program.printed(/a client at (\S+), (\d+) times/, 'stderr');
  return Object.assign(program, { url, times: Number(times) });
}

test('echo_client fails nothing; each connection is a case', async (t) => {
  const checking = await listen(t, '--name', 'echo_client', '--only', '7');
  for (let i = 0; i < checking.times; ++i) {
    const client = new Program('echo_client', [checking.url]);
    t.after(() => client.kill());
    await client.exit();
  }
  const { code } = await checking.exit();
  const report = JSON.parse(checking.stdout);
  assert.equal(report.role, 'client');
  assert.equal(report.subject, 'echo_client');
  assert.deepEqual(withVerdict(report, 'FAIL'), []);
  assert.deepEqual(withVerdict(report, 'non-strict'), []);
  assert.equal(report.count.pass + report.count.info, checking.times);
  assert.equal(code, 0);
});

test('echo_client says how it is used', async (t) => {
  for (const [args, code, stream] of [[['--help'], 0, 'stdout'], [['--nonsense'], 2, 'stderr'], [[], 2, 'stderr']]) {
    const client = new Program('echo_client', args);
    t.after(() => client.kill());
    assert.deepEqual(await client.exit(), { code, signal: null });
    assert.equal(client[stream], 'usage: echo_client URL\n');
  }
});

/** Connects to `url`, echoes, and resolves with the messages when it has closed. */
function converse(url, options = {}) {
  return new Promise((resolve) => {
    const messages = [];
    const ws = new WebSocket(url, { maxPayload: 64 << 20, ...options });
    ws.on('message', (data, isBinary) => {
      messages.push(data.toString('latin1'));
      ws.send(data, { binary: isBinary });
    });
    ws.on('error', () => {});
    ws.on('close', () => resolve(messages));
  });
}

test('npm ws as a client, in the manner of a fuzzing server', async (t) => {
  const checking = await listen(t);
  const [count] = await converse(`${checking.url}/getCaseCount`);
  assert.equal(Number(count), checking.times);
  for (let i = 1; i <= checking.times; ++i) await converse(`${checking.url}/runCase?case=${i}&agent=npm-ws`);
  const [status] = await converse(`${checking.url}/getCaseStatus?case=1&agent=npm-ws`);
  assert.equal(JSON.parse(status).behavior, 'pass');
  await converse(`${checking.url}/runCase?case=99999&agent=npm-ws`);
  await converse(`${checking.url}/updateReports?agent=npm-ws`);
  await checking.exit();
  const report = JSON.parse(checking.stdout);
  assert.equal(report.subject, 'npm-ws');
  assert.equal(report.cases.length, checking.times);
  const failed = withVerdict(report, 'FAIL').filter((each) => !isKnown(each));
  assert.deepEqual(failed, []);
});

test('a client that connects until 404 is asked every case', async (t) => {
  const checking = await listen(t, '--only', '0');
  const statuses = [];
  const connect = () => new Promise((resolve) => {
    const ws = new WebSocket(checking.url);
    let status = 101;
    ws.on('unexpected-response', (request, response) => {
      status = response.statusCode;
      request.destroy();
      resolve(status);
    });
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    ws.on('error', () => {});
    ws.on('close', () => resolve(status));
  });
  do statuses.push(await connect()); while (statuses.at(-1) !== 404);
  assert.equal(statuses.length, checking.times + 1);
  await checking.exit();
  assert.equal(JSON.parse(checking.stdout).cases.length, checking.times);
});

test('a check of clients that is interrupted reports what it has', async (t) => {
  const checking = await listen(t, '--only', '2.1');
  await converse(checking.url);
  checking.process.kill('SIGINT');
  const { code } = await checking.exit();
  const report = JSON.parse(checking.stdout);
  assert.equal(report.cases.length, 1);
  assert.match(report.remark, /^1 of \d+ cases/);
  assert.equal(code, 0);
});
