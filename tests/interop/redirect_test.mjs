// `duplex connect --follow` against servers of Node and npm `ws` that send it elsewhere.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { WebSocketServer } from 'ws';

import { event, Program } from './harness.mjs';

/** A server of npm ws behind one of Node that answers /STATUS?LOCATION with that redirect. */
async function listen(t) {
  const http = createServer();
  const server = new WebSocketServer({ noServer: true });
  const requests = [];
  http.on('upgrade', (request, socket, head) => {
    requests.push(request);
    // Who has read enough need not read the body.
    socket.on('error', () => {});
    const redirect = request.url.match(/^\/(30\d)\?(.*)$/);
    if (!redirect) return server.handleUpgrade(request, socket, head, (ws) => server.emit('connection', ws, request));
    return socket.end(`HTTP/1.1 ${redirect[1]} Elsewhere\r\nLocation: ${redirect[2]}\r\nContent-Length: 4\r\n\r\nbody`);
  });
  http.listen(0, '127.0.0.1');
  await event(http, 'listening');
  t.after(() => {
    for (const ws of server.clients) ws.terminate();
    http.closeAllConnections();
    http.close();
  });
  return { server, requests, authority: `127.0.0.1:${http.address().port}` };
}

const flags = ['--follow', '2', '--header', 'Authorization: Bearer x', '--header', 'X-Key: y', '--cookie', 'a=b'];

async function connects(t, server, url) {
  const connection = event(server, 'connection');
  const client = new Program('duplex', ['connect', ...flags, url]);
  t.after(() => client.kill());
  const [ws] = await connection;
  ws.send('arrived');
  await client.printed(/arrived/);
  client.endInput();
  assert.equal((await client.exit()).code, 0);
}

describe('duplex connect --follow', () => {
  for (const status of [301, 302, 303, 307, 308]) {
    test(`${status} on one origin, with headers and cookies`, async (t) => {
      const { server, requests, authority } = await listen(t);
      await connects(t, server, `ws://${authority}/${status}?/chat?room=1`);
      assert.deepEqual(requests.map(({ url }) => url), [`/${status}?/chat?room=1`, '/chat?room=1']);
      for (const { headers } of requests) {
        assert.equal(headers.authorization, 'Bearer x');
        assert.equal(headers['x-key'], 'y');
        assert.equal(headers.cookie, 'a=b');
      }
      assert.notEqual(requests[0].headers['sec-websocket-key'], requests[1].headers['sec-websocket-key']);
    });
  }

  test('another origin is told no secret', async (t) => {
    const first = await listen(t);
    const second = await listen(t);
    await connects(t, second.server, `ws://${first.authority}/302?http://${second.authority}/chat`);
    const [{ headers }] = second.requests;
    assert.equal(headers.host, second.authority);
    for (const name of ['authorization', 'x-key', 'cookie']) assert.equal(headers[name], undefined);
  });

  test('stops at the limit', async (t) => {
    const { requests, authority } = await listen(t);
    const client = new Program('duplex', ['connect', ...flags, `ws://${authority}/302?/302?/302?/chat`]);
    t.after(() => client.kill());
    assert.equal((await client.exit()).code, 1);
    assert.match(client.stderr, /more than 2 redirects/);
    assert.equal(requests.length, 3);
  });
});
