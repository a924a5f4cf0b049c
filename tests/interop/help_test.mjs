// The options of each command stand in the reference as the program prints them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Program } from './harness.mjs';

const reference = readFileSync(new URL('../../docs/reference.md', import.meta.url), 'utf8');

for (const command of ['serve', 'connect', 'bench', 'check']) {
  test(`duplex ${command} --help`, async (t) => {
    const program = new Program('duplex', [command, '--help']);
    t.after(() => program.kill());
    assert.deepEqual(await program.exit(), { code: 0, signal: null });
    const [, listed] = new RegExp(`### duplex ${command}\\n\\n\`\`\`text\\n(.*?)\`\`\``, 's').exec(reference);
    const printed = program.stdout.replace(/^Usage: .*?duplex /m, 'Usage: duplex ').trim();
    assert.equal(listed.trim(), printed);
  });
}
