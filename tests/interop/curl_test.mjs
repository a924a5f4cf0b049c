// curl against `duplex serve FOLDER`.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { onFreePort, patience, startServer } from './harness.mjs';

const page = '<!doctype html><title>duplex</title>';
const large = randomBytes(5_000_000);
const secret = 'not for the world';

let server;
let folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'duplex-'));
  const site = join(folder, 'site');
  mkdirSync(join(site, 'sub'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), secret);
  writeFileSync(join(site, 'index.html'), page);
  writeFileSync(join(site, 'digits.txt'), '0123456789');
  writeFileSync(join(site, 'sub', 'index.html'), 'below');
  writeFileSync(join(site, 'large.bin'), large);
  symlinkSync(join(folder, 'secret.txt'), join(site, 'link.txt'));
  server = await startServer('duplex', ['serve', site, ...onFreePort]);
});

after(async () => {
  await server?.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs curl without its configuration file; returns what it wrote. */
async function curl(...args) {
  const { stdout } = await promisify(execFile)('curl', ['--disable', '--silent', '--show-error', ...args],
    { encoding: 'buffer', maxBuffer: 64 << 20, timeout: patience });
  return stdout;
}

/** The last response to a request for `path`: status, headers (by lower-case name) and body. */
async function get(path, ...args) {
  const answer = await curl('--include', '--path-as-is', ...args, server.http + path);
  const end = answer.indexOf('\r\n\r\n');
  const [status, ...lines] = answer.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  return { status: Number(status.split(' ')[1]), headers, body: answer.subarray(end + 4) };
}

describe('files', () => {
  test('a folder is answered with its index', async () => {
    const { status, headers, body } = await get('/');
    assert.equal(status, 200);
    assert.match(headers['content-type'], /^text\/html\b/);
    assert.equal(Number(headers['content-length']), page.length);
    assert.equal(body.toString(), page);
    assert.equal((await get('/sub/')).body.toString(), 'below');
  });

  test('the query does not count', async () => {
    assert.equal((await get('/digits.txt?version=2')).body.toString(), '0123456789');
  });

  test('HEAD has the headers of GET and no body', async () => {
    const { status, headers, body } = await get('/digits.txt', '--head');
    assert.equal(status, 200);
    assert.equal(headers['content-length'], '10');
    assert.match(headers['content-type'], /^text\/plain\b/);
    assert.equal(body.length, 0);
  });

  test('a large file arrives whole', async () => {
    const { body } = await get('/large.bin');
    const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
    assert.equal(digest(body), digest(large));
  });

  test('what is not there is 404', async () => {
    assert.equal((await get('/nowhere.txt')).status, 404);
    assert.equal((await get('/digits.txt/below')).status, 404);
  });

  for (const path of ['/../secret.txt', '/sub/../../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt',
    '/sub/%2e%2e%2f%2e%2e%2fsecret.txt', '/..%5csecret.txt', '/link.txt', '/%00', '/%']) {
    test(`${path} does not lead out of the folder`, async () => {
      const { status, body } = await get(path);
      assert.ok(status >= 400 && status < 500, `status ${status}`);
      assert.ok(!body.includes(secret));
    });
  }
});

describe('conditions and ranges', () => {
  test('an unchanged file is 304, by its tag and by its time', async () => {
    const { headers } = await get('/digits.txt');
    for (const condition of [`If-None-Match: ${headers.etag}`, `If-Modified-Since: ${headers['last-modified']}`]) {
      const { status, body } = await get('/digits.txt', '--header', condition);
      assert.equal(status, 304);
      assert.equal(body.length, 0);
    }
    assert.equal((await get('/digits.txt', '--header', 'If-None-Match: "other"')).status, 200);
  });

  for (const [range, expected] of [['0-2', '012'], ['7-', '789'], ['-2', '89'], ['5-100', '56789']]) {
    test(`bytes ${range}`, async () => {
      const { status, headers, body } = await get('/digits.txt', '--range', range);
      assert.equal(status, 206);
      assert.equal(body.toString(), expected);
      const first = '0123456789'.indexOf(expected);
      assert.equal(headers['content-range'], `bytes ${first}-${first + expected.length - 1}/10`);
    });
  }

  test('a range beyond the end is 416', async () => {
    const { status, headers } = await get('/digits.txt', '--range', '10-20');
    assert.equal(status, 416);
    assert.equal(headers['content-range'], 'bytes */10');
  });
});

describe('connections', () => {
  test('are kept for further requests', async () => {
    const url = `${server.http}/digits.txt`;
    const written = await curl('--write-out', ' %{num_connects}\n', url, url, url);
    assert.equal(written.toString(), '0123456789 1\n0123456789 0\n0123456789 0\n');
  });

  test('of HTTP/1.0 are closed', async () => {
    const { status, headers, body } = await get('/digits.txt', '--http1.0');
    assert.equal(status, 200);
    assert.notEqual(headers.connection?.toLowerCase(), 'keep-alive');
    assert.equal(body.toString(), '0123456789');
  });

  test('many at once', async () => {
    const url = `${server.http}/digits.txt?[1-40]`;
    const written = await curl('--parallel', '--parallel-immediate', '--parallel-max', '20', url);
    assert.equal(written.toString(), '0123456789'.repeat(40));
  });
});

describe('requests', () => {
  test('a body that nobody wants is refused and does not hang', async () => {
    const body = join(folder, 'body.bin');
    writeFileSync(body, Buffer.alloc(3 << 20));
    const status = await curl('--output', join(folder, 'answer'), '--write-out', '%{http_code}',
      '--header', 'Expect: 100-continue', '--data-binary', `@${body}`, `${server.http}/digits.txt`);
    assert.match(status.toString(), /^4\d\d$/);
  });

  test('headers beyond the limit are 431', async () => {
    const { status } = await get('/', '--header', `X-Long: ${'x'.repeat(40_000)}`);
    assert.equal(status, 431);
  });

  test('an upgrade is answered with 101 and the accept of RFC 6455 §1.3', async () => {
    const args = ['--http1.1', '--max-time', '1', '--header', 'Connection: Upgrade', '--header', 'Upgrade: websocket',
      '--header', 'Sec-WebSocket-Version: 13', '--header', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
    // curl knows no WebSocket: it waits for more until its time is up, which it calls a failure.
    const { stdout } = await curl('--include', ...args, `${server.http}/`).then((out) => ({ stdout: out }), (error) => error);
    assert.match(stdout.toString('latin1'), /^HTTP\/1\.1 101 /);
    assert.match(stdout.toString('latin1'), /^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$/im);
  });
});

test('SIGTERM ends it with 0', async () => {
  const own = await startServer('duplex', ['serve', ...onFreePort]);
  try {
    assert.deepEqual(await own.stop(), { code: 0, signal: null });
  } finally {
    await own.kill();
  }
});
