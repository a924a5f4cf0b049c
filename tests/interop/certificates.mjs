// Certificates for the tests, made by openssl's program when they are needed.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A folder with an authority, and the certificates that it vouches for. */
export class Authority {
  #serial = 0;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'duplex-tls-'));
    this.cert = join(this.folder, 'ca.pem');
    this.key = join(this.folder, 'ca.key');
    openssl('req', '-x509', ...newKey, '-keyout', this.key, '-out', this.cert, '-days', '2', '-subj', '/CN=Test CA');
  }

  /** The files of a certificate for `names`, as openssl writes them, and their contents. */
  issue(commonName = 'localhost', names = 'DNS:localhost,IP:127.0.0.1') {
    const base = join(this.folder, `${commonName}-${++this.#serial}`);
    const files = { cert: `${base}.pem`, key: `${base}.key` };
    writeFileSync(`${base}.ext`, `${names ? `subjectAltName=${names}\n` : ''}basicConstraints=CA:FALSE\n`);
    openssl('req', '-new', ...newKey, '-keyout', files.key, '-out', `${base}.csr`, '-subj', `/CN=${commonName}`);
    openssl('x509', '-req', '-in', `${base}.csr`, '-CA', this.cert, '-CAkey', this.key, '-days', '2',
      '-extfile', `${base}.ext`, '-out', files.cert);
    return files;
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const contentOf = (file) => readFileSync(file);
/** Both files' contents, as Node's options want them. */
export const contents = ({ cert, key }) => ({ cert: contentOf(cert), key: contentOf(key) });
