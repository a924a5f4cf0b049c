// `duplex serve`: what it refuses on the command line, and what it does where files are short.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';

import { event, folder, onFreePort, Program } from './harness.mjs';

test('what cannot be is refused by its name', async (t) => {
  for (const [args, words] of [
    [['--port', '70000'], /--port: Value 70000 not in range 0 to 65535/],
    [['--prot', '5'], /--prot/],
    [['/no/such/folder'], /folder: Directory does not exist: \/no\/such\/folder/],
    [['--unix', '/tmp/x.sock', '--port', '5'], /--unix excludes --port|--port excludes --unix/],
    [['--unix', '/tmp/x.sock', '--host', '::1'], /--unix excludes --host|--host excludes --unix/],
  ]) {
    const program = new Program('duplex', ['serve', ...args]);
    t.after(() => program.kill());
    const { code } = await program.exit();
    assert.ok(code > 100, args.join(' '));
    assert.match(program.stderr, words);
  }
});

test('a command that is none is refused by its name, and one that is left out asked for', async (t) => {
  for (const [args, words] of [
    [['sevre', '--port', '0'], /not expected: sevre$/m],
    [[], /serve, connect, bench or check\) is required/],
  ]) {
    const program = new Program('duplex', args);
    t.after(() => program.kill());
    const { code } = await program.exit();
    assert.ok(code > 100, args.join(' '));
    assert.match(program.stderr, words);
  }
});

/** A server that a shell has started after `limit`. */
async function serveAfter(t, limit) {
  const program = new Program('/bin/bash', ['-c', `${limit} && exec "$0" "$@"`, `${folder}/duplex`, 'serve', ...onFreePort]);
  t.after(() => program.kill());
  const [, port] = await program.printed(/http:\/\/\S+:(\d+)/);
  return Object.assign(program, { port: Number(port) });
}

/** Connects so many times, and holds what it gets until the test ends. */
async function crowd(t, port, count) {
  for (let i = 0; i < count; ++i) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    t.after(() => socket.destroy());
    await event(socket, 'connect');
  }
}

const warnings = (server) => server.stderr.match(/could not be accepted/g)?.length ?? 0;

test('it opens as many files as it may', async (t) => {
  const server = await serveAfter(t, 'ulimit -Sn 64 && ulimit -Hn 400');
  await crowd(t, server.port, 100);
  const page = await fetch(`http://127.0.0.1:${server.port}/`);
  assert.equal(page.status, 200);
  assert.equal(warnings(server), 0);
});

test('where these are too few it says so, but not for each connection', async (t) => {
  const server = await serveAfter(t, 'ulimit -n 64');
  await crowd(t, server.port, 150);
  await server.printed(/Too many open files/, 'stderr');
  await server.stop();
  assert.ok(warnings(server) < 10, server.stderr);
});
