// `duplex bench` against duplex's servers, npm `ws`, and servers that misbehave.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { WebSocketServer } from 'ws';

import { event, folder, onFreePort, Program, startServer, whyNoTerminal, within } from './harness.mjs';

let echoServer;
let broadcastServer;

before(async () => {
  echoServer = await startServer('echo_server', onFreePort);
  broadcastServer = await startServer('broadcast_server', onFreePort);
});

after(() => Promise.all([echoServer?.kill(), broadcastServer?.kill()]));

/** Runs it for a moment, unless `args` say otherwise; resolves with the result, and the exit code as `code`. */
async function bench(t, urls, ...args) {
  for (const [option, value] of [['--duration', '0.3'], ['--warm-up', '0.1']]) {
    if (!args.includes(option)) args.push(option, value);
  }
  const program = new Program('duplex', ['bench', ...[urls].flat(), '--json', ...args]);
  t.after(() => program.kill());
  const { code } = await program.exit();
  assert.ok(program.stdout.startsWith('{'), program.stderr);
  return { ...JSON.parse(program.stdout), code };
}

/** An npm `ws` server for a test; `connected(ws, request)` is called for each connection. */
async function serve(t, connected, options = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, ...options });
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await event(server, 'listening');
  server.on('connection', (ws, request) => {
    ws.on('error', () => {});
    connected(ws, request);
  });
  server.url = `ws://127.0.0.1:${server.address().port}/`;
  return server;
}

const echo = (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));

/** A server that upgrades each connection and then sends it `bytes`. */
async function serveBytes(t, bytes) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (head) => {
      const [, key] = /Sec-WebSocket-Key: (\S+)/.exec(head.toString());
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
        + `Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
      // Behind it, when the load has begun.
      setTimeout(() => socket.write(bytes), 300);
    });
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await event(server, 'listening');
  return `ws://127.0.0.1:${server.address().port}/`;
}

/** What must hold of every result in which messages came back and nothing went wrong. */
function checkGood(result) {
  assert.equal(result.code, 0);
  assert.equal(result.errors.total, 0, JSON.stringify(result.errorDetails));
  assert.deepEqual(result.errorDetails, {});
  assert.ok(result.messages > 0);
  assert.ok(result.seconds > 0.2);
  assert.equal(result.bytes, result.messages * result.config.size);
  assert.ok(Math.abs(result.messagesPerSecond * result.seconds - result.messages) < 1);
  assert.equal(result.opened, result.config.connections);
  assert.equal(result.openAtEnd, result.config.connections);
  assert.equal(result.handshake.count, result.config.connections);
  const { latency } = result;
  const rising = ['p50', 'p90', 'p99', 'p99.9', 'max'].map((name) => latency[name]);
  assert.deepEqual(rising, [...rising].sort((a, b) => a - b));
  assert.ok(rising[0] > 0 && latency.mean > 0 && latency.mean <= latency.max);
  const { cpuUser, cpuSystem, cpuPerMessage } = result.client;
  assert.ok(Math.abs(cpuPerMessage * result.messages - (cpuUser + cpuSystem) * 1e6) < 1);
  assert.equal(result.bottleneck, result.bottleneckReason !== '');
}

test('echo: every message comes back and is counted once', async (t) => {
  for (const args of [['-c', '20'], ['-c', '20', '-i', '16'], ['-c', '1'], ['--threads', '2', '-c', '7']]) {
    const result = await bench(t, echoServer.ws, '--size', '20', ...args);
    checkGood(result);
    assert.equal(result.config.workload, 'echo');
    assert.equal(result.latency.count, result.messages);
    // Each that came back was followed by another.
    assert.equal(result.sent, result.messages);
  }
});

test('echo: sizes, text and back ends', async (t) => {
  for (const size of ['0', '1', '7', '125', '126', '16K', '65535', '1M']) {
    for (const type of ['--binary', '--text']) {
      const result = await bench(t, echoServer.ws, '-c', '3', '-i', '2', '-s', size, type, '--backend', 'epoll');
      checkGood(result);
      assert.equal(result.config.backend, 'epoll');
      assert.equal(result.config.type, type.slice(2));
    }
  }
});

test('echo against npm ws, over two URLs', async (t) => {
  const servers = [await serve(t, echo), await serve(t, echo)];
  const numbers = [0, 0];
  servers.forEach((server, i) => server.on('connection', () => { numbers[i] += 1; }));
  checkGood(await bench(t, servers.map((server) => server.url), '-c', '9', '--ramp', '0.1'));
  assert.deepEqual(numbers, [5, 4]);
});

test('replies in fragments count, and pings are answered', async (t) => {
  let pongs = 0;
  const server = await serve(t, (ws) => {
    ws.on('pong', (data) => { pongs += data.toString() === 'ping' ? 1 : 0; });
    ws.on('message', (data, binary) => {
      ws.send(data.subarray(0, 3), { binary, fin: false });
      ws.ping('ping');
      ws.send(data.subarray(3), { binary, fin: true });
    });
  });
  const result = await bench(t, server.url, '-c', '4', '-s', '300');
  checkGood(result);
  assert.ok(pongs >= result.messages);
});

test('broadcast: each message reaches all, the publisher too', async (t) => {
  const cases = [['-c', '20'], ['-c', '20', '-i', '8'], ['-c', '1'], ['-c', '20', '--threads', '2'],
    ['-c', '20', '--rate', '300']];
  for (const args of cases) {
    const result = await bench(t, broadcastServer.ws, '--workload', 'broadcast', ...args);
    checkGood(result);
    const { connections, inFlight, rate } = result.config;
    if (args.includes('--rate')) assert.equal(rate, 300);
    else assert.ok(Math.abs(result.messages - result.sent * connections) <= inFlight * connections);
  }
});

test('broadcast where the publisher is left out', async (t) => {
  const server = await serve(t, (ws) => ws.on('message', (data, binary) => {
    for (const client of server.clients) if (client !== ws) client.send(data, { binary });
  }));
  const result = await bench(t, server.url, '--workload', 'broadcast', '-c', '5', '-i', '3');
  checkGood(result);
  assert.ok(Math.abs(result.messages - result.sent * 4) <= 3 * 4);
});

test('connect: handshakes are counted, and closed properly', async (t) => {
  let opened = 0;
  const codes = new Set();
  const server = await serve(t, (ws) => {
    opened += 1;
    ws.on('close', (code) => codes.add(code));
  });
  const result = await bench(t, server.url, '--workload', 'connect', '-c', '5');
  assert.equal(result.code, 0);
  assert.equal(result.errors.total, 0);
  assert.ok(result.handshakes > 0);
  assert.ok(opened >= result.handshakes);
  assert.equal(result.handshake.count, result.handshakes);
  assert.equal(result.messages, 0);
  assert.deepEqual([...codes], [1000]);
});

test('idle: all connections are held', async (t) => {
  let most = 0;
  const server = await serve(t, () => { most = Math.max(most, server.clients.size); });
  const result = await bench(t, server.url, '--workload', 'idle', '-c', '300');
  assert.equal(result.code, 0);
  assert.equal(result.opened, 300);
  assert.equal(result.openAtEnd, 300);
  assert.equal(most, 300);
  assert.equal(result.errors.total, 0);
});

test('open loop: the waiting time behind a stall counts', async (t) => {
  let stalled = false;
  const server = await serve(t, (ws) => ws.on('message', (data, binary) => {
    if (!stalled) {
      stalled = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    }
    ws.send(data, { binary });
  }));
  // The stall is in what is measured, and most messages are meant to be sent during it.
  const result = await bench(t, server.url, '-c', '4', '--rate', '200', '--warm-up', '0', '--duration', '0.4');
  assert.equal(result.errors.total, 0);
  assert.ok(result.latency.max >= 300_000, `${result.latency.max}`);
  assert.ok(result.latency.p50 >= 50_000, `${result.latency.p50}`);
  assert.ok(result.latency.count >= result.messages);
  assert.equal(result.config.inFlight, null);
});

test('what never comes back is counted, with the time that it has waited', async (t) => {
  const server = await serve(t, () => {});
  const closed = await bench(t, server.url, '-c', '3', '-i', '2');
  assert.equal(closed.code, 1);
  assert.equal(closed.errors.unanswered, 6);
  const open = await bench(t, server.url, '-c', '3', '--rate', '100');
  assert.equal(open.code, 1);
  assert.ok(open.errors.unanswered >= open.sent && open.sent > 0);
  assert.ok(open.latency.max > 1_000_000);
});

test('nobody listens', async (t) => {
  const server = await serve(t, () => {});
  const { url } = server;
  server.close();
  await event(server, 'close');
  const result = await bench(t, url, '-c', '7');
  assert.equal(result.code, 1);
  assert.equal(result.errors.refused, 7);
  assert.equal(result.opened, 0);
  assert.equal(result.messages, 0);
  assert.match(result.errorDetails.refused, /refused/i);

  // With another that does, the rest is measured.
  const half = await bench(t, [url, echoServer.ws], '-c', '4');
  assert.equal(half.code, 0);
  assert.equal(half.errors.refused, 2);
  assert.equal(half.opened, 2);
  assert.ok(half.messages > 0);
});

test('a handshake that is refused', async (t) => {
  const server = await serve(t, () => {}, { verifyClient: () => false });
  const result = await bench(t, server.url, '-c', '3');
  assert.equal(result.code, 1);
  assert.equal(result.errors.handshake, 3);
  assert.match(result.errorDetails.handshake, /401/);
});

test('answers that come late are waited for as long as is said', async (t) => {
  const server = await serve(t, (ws) => {
    ws.on('message', (data, binary) => setTimeout(() => ws.send(data, { binary }), 1500));
  });
  const impatient = await bench(t, server.url, '-c', '2', '--warm-up', '0', '--drain', '0');
  assert.equal(impatient.errors.unanswered, 2);
  const patient = await bench(t, server.url, '-c', '2', '--warm-up', '0', '--drain', '60');
  assert.equal(patient.errors.total, 0);
});

test('a server that closes', async (t) => {
  const server = await serve(t, (ws) => {
    let left = 10;
    ws.on('message', (data, binary) => {
      if (left-- > 0) ws.send(data, { binary });
      else ws.close(4001, 'enough');
    });
  });
  const result = await bench(t, server.url, '-c', '3', '--duration', '60', '--warm-up', '0');
  assert.equal(result.code, 0);
  assert.equal(result.messages, 30);
  assert.equal(result.errors.closed, 3);
  assert.match(result.errorDetails.closed, /4001/);
  assert.equal(result.openAtEnd, 0);
  // With the last connection the run ends.
  assert.ok(result.seconds < 50);
});

test('a server that loses the connection', async (t) => {
  const server = await serve(t, (ws) => ws.on('message', () => ws.terminate()));
  const result = await bench(t, server.url, '-c', '3', '--duration', '60');
  assert.equal(result.code, 1);
  assert.equal(result.errors.closed, 3);
});

test('a subscriber that is lost does not hold the others up', async (t) => {
  let count = 0;
  const server = await serve(t, (ws) => {
    const number = count++;
    ws.on('message', (data, binary) => {
      for (const client of server.clients) client.send(data, { binary });
    });
    if (number === 3) setTimeout(() => ws.close(), 250);
  });
  const result = await bench(t, server.url, '--workload', 'broadcast', '-c', '5', '--warm-up', '0.5');
  assert.equal(result.code, 0);
  assert.equal(result.errors.closed, 1);
  assert.equal(result.errors.total, 1);
  assert.ok(result.messages > 0);
});

test('wrong replies', async (t) => {
  const other = (change) => (ws) => ws.on('message', (data, binary) => {
    for (const [reply, options] of change(data)) ws.send(reply, { binary, ...options });
  });
  const wrong = {
    'another payload': (data) => [[Buffer.alloc(data.length, '?')]],
    'another length': (data) => [[data.subarray(1)]],
    'another type': (data) => [[data, { binary: false }]],
    'each one twice': (data) => [[data], [data]],
  };
  for (const [name, change] of Object.entries(wrong)) {
    const server = await serve(t, other(change));
    const result = await bench(t, server.url, '-c', '2', '-s', '64');
    assert.ok(result.errors.mismatch > 0, name);
    assert.equal(result.code, result.messages > 0 ? 0 : 1, name);
  }
});

test('a message that is passed over', async (t) => {
  let count = 0;
  const server = await serve(t, (ws) => ws.on('message', (data, binary) => {
    if (++count !== 50) ws.send(data, { binary });
  }));
  const result = await bench(t, server.url, '-c', '1', '-i', '4', '--warm-up', '0');
  assert.equal(result.errors.missing, 1);
  assert.equal(result.errors.total, 1);
  assert.ok(result.messages > 60);
});

test('a greeting is told apart from replies', async (t) => {
  const server = await serve(t, (ws) => {
    ws.send('Hello');
    echo(ws);
  });
  const result = await bench(t, server.url, '-c', '4');
  assert.equal(result.errors.mismatch, 4);
  assert.equal(result.errors.total, 4);
  assert.ok(result.messages > 0);
});

test('frames that break RFC 6455', async (t) => {
  const masked = await serveBytes(t, Buffer.from([0x82, 0x81, 1, 2, 3, 4, 5]));
  const result = await bench(t, masked, '-c', '2');
  assert.equal(result.code, 1);
  assert.equal(result.errors.protocol, 2);
  assert.match(result.errorDetails.protocol, /mask/);
});

test('headers, origin and subprotocol go along', async (t) => {
  const seen = [];
  const server = await serve(t, (ws, request) => {
    seen.push(request.headers);
    echo(ws);
  });
  checkGood(await bench(t, server.url, '-c', '1', '--header', 'X-Who: me', '--header', 'X-Why: load',
    '--origin', 'https://example.com', '--subprotocol', 'one', '--subprotocol', 'two'));
  assert.equal(seen[0]['x-who'], 'me');
  assert.equal(seen[0]['x-why'], 'load');
  assert.equal(seen[0].origin, 'https://example.com');
  assert.equal(seen[0]['sec-websocket-protocol'], 'one, two');
});

test('SIGINT ends it early, and it says what it has', async (t) => {
  let begun;
  const messages = new Promise((resolve) => { begun = resolve; });
  let count = 0;
  const server = await serve(t, (ws) => {
    echo(ws);
    ws.on('message', () => { if (++count === 200) begun(); });
  });
  const program = new Program('duplex', ['bench', server.url, '-c', '2', '-d', '600', '--warm-up', '0', '--json']);
  t.after(() => program.kill());
  await within(messages, 'the load to begin');
  program.process.kill('SIGINT');
  assert.deepEqual(await program.exit(), { code: 0, signal: null });
  const result = JSON.parse(program.stdout);
  assert.equal(result.interrupted, true);
  assert.ok(result.messages >= 190);
});

test('SIGINT while connections are still being opened', async (t) => {
  // It accepts, and answers nothing.
  const server = createServer((socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await event(server, 'listening');
  t.after(() => server.close());
  const program = new Program('duplex', ['bench', `ws://127.0.0.1:${server.address().port}/`, '-c', '5']);
  t.after(() => program.kill());
  await event(server, 'connection');
  program.process.kill('SIGINT');
  assert.deepEqual(await program.exit(), { code: 1, signal: null });
  assert.match(program.stdout, /interrupted/);
});

/** The bench with so many connections, run by a shell after `limit`; under root without leave to exceed it. */
function limited(t, limit, connections) {
  const unprivileged = process.getuid() === 0 ? 'setpriv --bounding-set -sys_resource' : '';
  const program = new Program('/bin/bash', ['-c', `${limit} && exec ${unprivileged} "$0" "$@"`, `${folder}/duplex`,
    'bench', echoServer.ws, '-c', `${connections}`, '--duration', '0.2', '--warm-up', '0.1']);
  t.after(() => program.kill());
  return program;
}

test('it raises the limit on open files as far as it may, and says where that is not enough', async (t) => {
  const raised = limited(t, 'ulimit -Sn 64 && ulimit -Hn 400', 200);
  assert.deepEqual(await raised.exit(), { code: 0, signal: null }, raised.stderr);
  assert.match(raised.stdout, /^echo, 200 connections/);
  assert.doesNotMatch(raised.stdout, /^errors/m);

  const short = limited(t, 'ulimit -n 64', 200);
  assert.deepEqual(await short.exit(), { code: 1, signal: null });
  assert.match(short.stderr, /needs 248 open files, and 64 are allowed/);
});

test('the table says it in words', async (t) => {
  const program = new Program('duplex', ['bench', echoServer.ws, '-c', '3', '-d', '0.2', '--warm-up', '0.1']);
  t.after(() => program.kill());
  assert.deepEqual(await program.exit(), { code: 0, signal: null });
  assert.match(program.stdout, /^echo, 3 connections, 1 in flight, 64 bytes of binary, (uring|epoll): 0\.\d s\n/);
  assert.match(program.stdout, /^messages +\d.*\/s, \d+ in all$/m);
  assert.match(program.stdout, /^latency +p50 \S+ µs, p90 .*, p99 .*, p99\.9 .*, max .*, mean /m);
  assert.match(program.stdout, /^client CPU .* µs a message/m);
  assert.doesNotMatch(program.stdout, /^errors/m);
});

test('on a terminal a line says each second how it goes', { skip: whyNoTerminal() }, async (t) => {
  const command = `${folder}/duplex bench ${echoServer.ws} -c 3 --warm-up 0.2 --duration 2`;
  const program = new Program('/usr/bin/script', ['--quiet', '--return', '--command', command, '/dev/null']);
  t.after(() => program.kill());
  assert.deepEqual(await program.exit(), { code: 0, signal: null });
  const live = program.stdout.match(/\r\x1b\[K\d\S* ?k?\/s, p50 [^,]+, p99 [^,]+, 3 open, 0 errors/g);
  assert.ok(live?.length >= 1, program.stdout);
  // It is gone when the table comes.
  assert.match(program.stdout, /errors\r\x1b\[Kecho, 3 connections/);
});

test('what cannot be is refused', async (t) => {
  const cases = [
    [['wss://127.0.0.1:1/', '--ca', '/no/such.pem'], 2, /TLS: the CA/],
    [['http//x'], 2, /URL/],
    [['ws://127.0.0.1:1/#fragment'], 2, /fragment/],
    [[echoServer.ws, '--header', 'no colon'], 2, /Name: value/],
    [[echoServer.ws, '--header', 'Upgrade: h2c'], 2, /handshake/],
    [[echoServer.ws, '--workload', 'idle', '--rate', '5'], 2, /--rate/],
    [[echoServer.ws, '-c', '1', '--threads', '2'], 2, /threads/],
    [[echoServer.ws, '-s', '10G'], 105, /10G/],
    [[echoServer.ws, '-c', '0'], 105, /connections/],
    [[echoServer.ws, '--backend', 'kqueue'], 105, /backend/],
    [[], 106, /url/],
  ];
  for (const [args, code, words] of cases) {
    const program = new Program('duplex', ['bench', ...args]);
    t.after(() => program.kill());
    assert.deepEqual(await program.exit(), { code, signal: null }, args.join(' '));
    assert.match(program.stderr + program.stdout, words);
  }
});
