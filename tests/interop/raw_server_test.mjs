// `duplex connect` against servers that write the 101 in ways that no library does: glued to what
// follows, in single bytes, or wrong.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { test } from 'node:test';

import { event, Program } from './harness.mjs';

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function frame(opcode, payload) {
  const bytes = Buffer.from(payload);
  return Buffer.concat([Buffer.of(0x80 | opcode, bytes.length), bytes]);
}

const text = (payload) => frame(0x1, payload);
const close = (code) => frame(0x8, Buffer.of(code >> 8, code & 0xff));

function switching(accept, extra = []) {
  return Buffer.from([
    'HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`, ...extra, '', '',
  ].join('\r\n'));
}

/** Starts a server that answers a handshake by `answer(socket, accept)`, and our client with it. */
async function meet(t, answer, flags = []) {
  const server = createServer((socket) => {
    let request = '';
    socket.setNoDelay();
    socket.on('error', () => {});
    socket.on('data', (data) => {
      // All that the client says later is its Close; the server is the first to end the connection.
      if (request.includes('\r\n\r\n')) return socket.end();
      request += data.toString('latin1');
      if (!request.includes('\r\n\r\n')) return;
      const key = request.match(/^Sec-WebSocket-Key: *(\S+)/im)[1];
      answer(socket, createHash('sha1').update(key + guid).digest('base64'));
    });
    socket.on('end', () => socket.end());
    t.after(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await event(server, 'listening');
  const program = new Program('duplex', ['connect', ...flags, `ws://127.0.0.1:${server.address().port}/`]);
  t.after(() => program.kill());
  return program;
}

test('messages and the close in the segment of the 101 are neither lost nor misread', async (t) => {
  const program = await meet(t, (socket, accept) => {
    socket.write(Buffer.concat([switching(accept), text('early'), text('bird'), close(4002)]));
  });
  await program.printed(/4002/, 'stderr');
  await program.exit();
  assert.equal(program.stdout, 'early\nbird\n');
});

test('half a frame in the segment of the 101 waits for its other half', async (t) => {
  const program = await meet(t, (socket, accept) => {
    const message = text('halves');
    socket.write(Buffer.concat([switching(accept), message.subarray(0, 4)]));
    setTimeout(() => socket.write(Buffer.concat([message.subarray(4), close(4003)])), 50);
  });
  await program.printed(/4003/, 'stderr');
  await program.exit();
  assert.equal(program.stdout, 'halves\n');
});

test('the 101 may come in single bytes', async (t) => {
  const program = await meet(t, async (socket, accept) => {
    for (const byte of Buffer.concat([switching(accept), text('slow'), close(4004)])) {
      socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
  });
  await program.printed(/4004/, 'stderr');
  await program.exit();
  assert.equal(program.stdout, 'slow\n');
});

const wrong = {
  'a wrong accept': (accept) => switching(createHash('sha1').update(accept).digest('base64')),
  'a subprotocol that was not offered': (accept) => switching(accept, ['Sec-WebSocket-Protocol: other']),
  'an extension that was not offered': (accept) => switching(accept, ['Sec-WebSocket-Extensions: x-unknown']),
  'a status other than 101': () => Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
  'a redirect': () => Buffer.from('HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1/\r\nContent-Length: 0\r\n\r\n'),
  'no HTTP at all': () => Buffer.from('220 mail.example.com ESMTP\r\n\r\n'),
};

for (const [name, answer] of Object.entries(wrong)) {
  test(`${name} fails the connection, and nothing of it is shown`, async (t) => {
    const program = await meet(t, (socket, accept) => {
      socket.write(Buffer.concat([answer(accept), text('not for you')]));
    }, ['--protocol', 'chat']);
    assert.notEqual((await program.exit()).code, 0);
    assert.equal(program.stdout, '');
  });
}

test('a masked frame from the server ends the connection', async (t) => {
  const program = await meet(t, (socket, accept) => {
    socket.write(Buffer.concat([switching(accept), Buffer.from('818100000000', 'hex'), Buffer.from('x')]));
  });
  assert.notEqual((await program.exit()).code, 0);
  assert.equal(program.stdout, '');
});
