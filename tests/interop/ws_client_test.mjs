// The client of npm `ws` against echo_server.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';

import { event, onFreePort, startServer } from './harness.mjs';

let server;

async function connect(options) {
  const ws = new WebSocket(server.ws, options);
  await event(ws, 'open');
  return ws;
}

/** Sends `data` in one message and returns what comes back. */
async function echo(ws, data, options) {
  const answer = event(ws, 'message');
  ws.send(data, options);
  const [bytes, isBinary] = await answer;
  return { bytes, isBinary };
}

async function closed(ws) {
  const [code, reason] = await event(ws, 'close');
  return { code, reason: reason.toString() };
}

async function assertStillServes() {
  const ws = await connect();
  assert.equal((await echo(ws, 'still here')).bytes.toString(), 'still here');
  ws.close();
  await closed(ws);
}

before(async () => {
  server = await startServer('echo_server', onFreePort);
});

after(() => server?.kill());

describe('messages', () => {
  for (const perMessageDeflate of [false, true]) {
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 1 << 20]) {
      test(`${size} bytes, ${perMessageDeflate ? 'offering' : 'without'} compression`, async () => {
        const ws = await connect({ perMessageDeflate });
        const binary = randomBytes(size);
        assert.deepEqual(await echo(ws, binary), { bytes: binary, isBinary: true });
        const text = Buffer.alloc(size, 'duplex ');
        assert.deepEqual(await echo(ws, text.toString()), { bytes: text, isBinary: false });
        ws.close();
        await closed(ws);
      });
    }
  }

  test('text beyond ASCII', async () => {
    const ws = await connect();
    const text = 'κόσμε · 世界 · 🌍';
    assert.equal((await echo(ws, text)).bytes.toString(), text);
    ws.close();
    await closed(ws);
  });

  test('three thousand in flight come back in order', async () => {
    const ws = await connect();
    const sent = Array.from({ length: 3000 }, (_, i) => `${i} ${'x'.repeat(i % 300)}`);
    const received = [];
    const all = new Promise((resolve) => {
      ws.on('message', (data) => {
        if (received.push(data.toString()) === sent.length) resolve();
      });
    });
    for (const text of sent) ws.send(text);
    await all;
    assert.deepEqual(received, sent);
    ws.close();
    await closed(ws);
  });

  test('fifty connections at once, each with its own messages', async () => {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => connect()));
    await Promise.all(sockets.map(async (ws, i) => {
      for (let n = 0; n < 20; n++) {
        assert.equal((await echo(ws, `${i}/${n}`)).bytes.toString(), `${i}/${n}`);
      }
      ws.close();
      await closed(ws);
    }));
  });
});

describe('fragments', () => {
  /** Sends one message as `parts`, with a ping after each when `between` is given. */
  async function echoParts(parts, { binary = false, between } = {}) {
    const ws = await connect({ perMessageDeflate: false });
    const pongs = [];
    ws.on('pong', (data) => pongs.push(data.toString()));
    const answer = event(ws, 'message');
    parts.forEach((part, i) => {
      ws.send(part, { binary, fin: i === parts.length - 1 });
      if (between !== undefined && i < parts.length - 1) ws.ping(between);
    });
    const [bytes, isBinary] = await answer;
    ws.close();
    await closed(ws);
    return { bytes, isBinary, pongs };
  }

  test('are put together', async () => {
    const { bytes, isBinary } = await echoParts(['one ', 'two ', 'three']);
    assert.equal(bytes.toString(), 'one two three');
    assert.equal(isBinary, false);
  });

  test('may be empty', async () => {
    assert.equal((await echoParts(['', 'a', '', 'b', ''])).bytes.toString(), 'ab');
  });

  test('may split a character', async () => {
    const globe = Buffer.from('🌍');
    const parts = [...globe].map((byte) => Buffer.of(byte));
    assert.equal((await echoParts(parts)).bytes.toString(), '🌍');
  });

  test('may have pings between them', async () => {
    const { bytes, pongs } = await echoParts(['a', 'b', 'c'], { between: 'alive?' });
    assert.equal(bytes.toString(), 'abc');
    assert.deepEqual(pongs, ['alive?', 'alive?']);
  });

  test('may be large and many', async () => {
    const parts = Array.from({ length: 64 }, () => randomBytes(9000));
    const { bytes, isBinary } = await echoParts(parts, { binary: true });
    assert.deepEqual(bytes, Buffer.concat(parts));
    assert.equal(isBinary, true);
  });
});

describe('ping', () => {
  for (const size of [0, 1, 125]) {
    test(`of ${size} bytes is answered with the same`, async () => {
      const ws = await connect();
      const payload = randomBytes(size);
      const answer = event(ws, 'pong');
      ws.ping(payload);
      assert.deepEqual((await answer)[0], payload);
      ws.close();
      await closed(ws);
    });
  }
});

describe('close', () => {
  for (const code of [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999]) {
    test(`${code} is echoed`, async () => {
      const ws = await connect();
      ws.close(code, 'a reason of some length');
      assert.equal((await closed(ws)).code, code);
    });
  }

  test('with the longest reason', async () => {
    const ws = await connect();
    ws.close(4000, 'é'.repeat(61) + '!');
    assert.equal((await closed(ws)).code, 4000);
  });

  test('without a code is answered without one', async () => {
    const ws = await connect();
    ws.close();
    assert.deepEqual(await closed(ws), { code: 1005, reason: '' });
  });

  test('comes after what was sent before it', async () => {
    const ws = await connect();
    const received = [];
    ws.on('message', (data) => received.push(data.toString()));
    for (let i = 0; i < 100; i++) ws.send(String(i));
    ws.close(1000);
    assert.equal((await closed(ws)).code, 1000);
    assert.deepEqual(received, Array.from({ length: 100 }, (_, i) => String(i)));
  });

  test('1009 for a message over the 64 MiB that echo_server takes', async () => {
    const ws = await connect({ perMessageDeflate: false });
    const end = closed(ws);
    ws.send(Buffer.alloc((64 << 20) + 1));
    assert.equal((await end).code, 1009);
  });

  test('a cut connection harms no other', async () => {
    const other = await connect();
    for (let i = 0; i < 20; i++) {
      const ws = await connect();
      ws.send('cut');
      ws.terminate();
    }
    assert.equal((await echo(other, 'whole')).bytes.toString(), 'whole');
    other.close();
    await closed(other);
    await assertStillServes();
  });
});

describe('handshake', () => {
  test('no subprotocol is agreed on when the app chose none', async () => {
    const ws = new WebSocket(server.ws, ['chat', 'superchat']);
    const [error] = await event(ws, 'error');
    assert.match(error.message, /no subprotocol/);
  });

  test('a page of another site is refused', async () => {
    const ws = new WebSocket(server.ws, { origin: 'http://evil.example' });
    const [, response] = await event(ws, 'unexpected-response');
    assert.equal(response.statusCode, 403);
    assert.equal(response.headers.connection, 'close');
    ws.on('error', () => {});
    ws.terminate();
  });

  test("a page of the server's own site is let in", async () => {
    const ws = await connect({ origin: server.http });
    assert.equal((await echo(ws, 'same origin')).bytes.toString(), 'same origin');
    ws.close();
    await closed(ws);
  });

  test('an old version is told the right one', async () => {
    const ws = new WebSocket(server.ws, { protocolVersion: 8 });
    const [, response] = await event(ws, 'unexpected-response');
    assert.equal(response.statusCode, 426);
    assert.equal(response.headers['sec-websocket-version'], '13');
    ws.on('error', () => {});
    ws.terminate();
  });
});

describe('shutdown', () => {
  for (const threads of [1, 3]) {
    test(`SIGTERM tells every client 1001, with ${threads} threads`, async () => {
      const own = await startServer('echo_server', [...onFreePort, '--threads', String(threads)]);
      try {
        const sockets = await Promise.all(Array.from({ length: 12 }, async () => {
          const ws = new WebSocket(own.ws);
          await event(ws, 'open');
          return ws;
        }));
        const ends = sockets.map(closed);
        assert.deepEqual(await own.stop(), { code: 0, signal: null });
        for (const end of await Promise.all(ends)) assert.equal(end.code, 1001);
      } finally {
        await own.kill();
      }
    });
  }
});
