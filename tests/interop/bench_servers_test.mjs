// `duplex bench` against servers that would compress, and servers that die.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';

import { event, onFreePort, Program, startServer } from './harness.mjs';

/** What it says of five connections to the server at `url`, as its table or as JSON. */
async function bench(t, url, ...args) {
  const program = new Program('duplex', ['bench', url, '-c', '5', '--warm-up', '0', ...args]);
  t.after(() => program.kill());
  await program.exit();
  return program.stdout;
}

function checkGood(result) {
  assert.equal(result.errors.total, 0, JSON.stringify(result.errorDetails));
  assert.ok(result.messages > 0);
}

test('a server that would compress is not asked to', async (t) => {
  const server = await startServer('echo_server', [...onFreePort, '--deflate']);
  t.after(() => server.kill());
  checkGood(JSON.parse(await bench(t, server.ws, '-d', '0.3', '--json')));

  const other = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true });
  t.after(() => other.close());
  await event(other, 'listening');
  const offers = [];
  other.on('connection', (ws, request) => {
    offers.push(request.headers['sec-websocket-extensions']);
    ws.on('message', (data, binary) => ws.send(data, { binary }));
  });
  checkGood(JSON.parse(await bench(t, `ws://127.0.0.1:${other.address().port}`, '-d', '0.3', '--json')));
  assert.deepEqual(offers, Array(5).fill(undefined));
});

/** The same while the server, whose process is measured, is killed. */
async function benchDying(t, ...args) {
  const server = await startServer('echo_server', onFreePort);
  const { pid } = server.process;
  setTimeout(() => server.kill(), 1000);
  return { pid, said: await bench(t, server.ws, '-d', '60', '--pid', `${pid}`, ...args) };
}

test('a server that dies under load takes no figures but its own with it', async (t) => {
  const { pid, said } = await benchDying(t, '--json');
  const result = JSON.parse(said);
  assert.ok(result.messages > 0);
  assert.deepEqual(result.server, { pid, cpu: null, cpuUser: null, cpuSystem: null, cpuPerMessage: null, memory: null });

  const table = await benchDying(t);
  assert.match(table.said, /^messages +\d/m);
  assert.match(table.said, new RegExp(`^server +not known: process ${table.pid} `, 'm'));
});
