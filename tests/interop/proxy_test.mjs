// `duplex connect` through an HTTP proxy, made of Node's http module, to the server of npm `ws`.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';

import { event, Program } from './harness.mjs';

/** A server, and a proxy that leads there whatever it is asked for, to who gives the right password. */
async function meet(t, { wants } = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await event(server, 'listening');
  const proxy = createServer();
  const asked = [];
  const sockets = [];
  proxy.on('connect', (request, socket, head) => {
    asked.push(request);
    sockets.push(socket);
    if (wants !== undefined && request.headers['proxy-authorization'] !== wants) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n');
      return;
    }
    const there = connect(server.address().port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      there.write(head);
      there.pipe(socket);
      socket.pipe(there);
    });
    there.on('error', () => socket.destroy());
    socket.on('error', () => there.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await event(proxy, 'listening');
  t.after(() => {
    for (const ws of server.clients) ws.terminate();
    for (const socket of sockets) socket.destroy();
    server.close();
    proxy.close();
  });
  return { server, asked, authority: `127.0.0.1:${proxy.address().port}` };
}

async function checkTunnel(t, { server, asked }, flags) {
  const connection = event(server, 'connection');
  const client = new Program('duplex', ['connect', ...flags, 'ws://server.test:81/chat']);
  t.after(() => client.kill());
  const [ws, request] = await connection;
  assert.equal(asked.length, 1);
  assert.equal(asked[0].url, 'server.test:81');
  assert.equal(asked[0].headers.host, 'server.test:81');
  assert.equal(request.url, '/chat');
  assert.equal(request.headers.host, 'server.test:81');
  assert.equal(request.headers['proxy-authorization'], undefined);
  const message = event(ws, 'message');
  client.write('through the tunnel\n');
  assert.equal((await message)[0].toString(), 'through the tunnel');
  ws.send('and back');
  await client.printed(/and back/);
  client.endInput();
  assert.equal((await client.exit()).code, 0);
}

test('through the proxy', async (t) => {
  const world = await meet(t);
  await checkTunnel(t, world, ['--proxy', `http://${world.authority}`]);
  assert.equal(world.asked[0].headers['proxy-authorization'], undefined);
});

test('with credentials', async (t) => {
  const wants = `Basic ${Buffer.from('ann:s:cret').toString('base64')}`;
  const world = await meet(t, { wants });
  await checkTunnel(t, world, ['--proxy', `http://ann:s%3Acret@${world.authority}`]);
});

test('with the wrong ones', async (t) => {
  const world = await meet(t, { wants: 'Basic other' });
  const client = new Program('duplex', ['connect', '--proxy', `http://ann:secret@${world.authority}`, 'ws://server.test/']);
  t.after(() => client.kill());
  assert.equal((await client.exit()).code, 1);
  assert.match(client.stderr, /answered 407: it refuses the credentials/);
  assert.doesNotMatch(client.stderr, /secret/);
});

test('from the environment, when asked to', async (t) => {
  const world = await meet(t);
  process.env.http_proxy = `http://${world.authority}`;
  t.after(() => delete process.env.http_proxy);
  await checkTunnel(t, world, ['--proxy-env']);
});
