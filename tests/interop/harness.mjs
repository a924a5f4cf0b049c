// Starts duplex's programs for the tests and waits for what they do; nothing waits for ever.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** Where duplex's programs are. */
export const folder = process.env.DUPLEX_BIN ?? join(root, 'build', 'release', 'bin');

/** Far more than anything here takes, so that a busy machine fails nothing. */
export const patience = 30_000;

/** Debian's Python: the one that has python3-websockets. */
export const python = '/usr/bin/python3';

/** Resolves as `promise` does; rejects, naming `what` did not happen, when patience ends. */
export function within(promise, what) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), patience);
  });
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer));
}

/** Arguments of the next `name` event of `emitter`; rejects when it emits `error` instead. */
export function event(emitter, name) {
  return within(once(emitter, name), `the event ${name}`);
}

/** A running program: what it printed so far, and how it ended. */
export class Program {
  stdout = '';
  stderr = '';
  #watchers = new Set();

  /** `name` is one of duplex's programs, or the path of another. */
  constructor(name, args = []) {
    const path = name.includes('/') ? name : join(folder, name);
    if (!existsSync(path)) throw new Error(`${path} has not been built`);
    this.name = name;
    this.process = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of ['stdout', 'stderr']) {
      this.process[stream].setEncoding('utf8').on('data', (text) => {
        this[stream] += text;
        this.#look();
      });
    }
    // A program may end while it is still written to.
    this.process.stdin.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.process.once('close', (code, signal) => {
        this.ended = { code, signal };
        this.#look();
        resolve(this.ended);
      });
    });
  }

  #look() {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Resolves with the match once all that was printed to `stream` matches `pattern`. */
  printed(pattern, stream = 'stdout') {
    const matched = new Promise((resolve, reject) => {
      const watcher = () => {
        const match = this[stream].match(pattern);
        if (match) resolve(match);
        else if (this.ended) reject(new Error(`${this.name} ended without printing ${pattern}:\n${this.stdout}${this.stderr}`));
        else return;
        this.#watchers.delete(watcher);
      };
      this.#watchers.add(watcher);
      watcher();
    });
    return within(matched, `${this.name} to print ${pattern}`);
  }

  write(text) {
    this.process.stdin.write(text);
  }

  endInput() {
    this.process.stdin.end();
  }

  /** `{code, signal}` once it has ended by itself. */
  exit() {
    return within(this.closed, `${this.name} to exit`);
  }

  /** Asks it to stop as a service manager does. */
  stop() {
    this.process.kill('SIGTERM');
    return this.exit();
  }

  /** Ends it at once if it still runs. */
  async kill() {
    if (!this.ended) this.process.kill('SIGKILL');
    await this.closed;
  }
}

/**
 * Starts one of duplex's servers on a free port. Adds `port`, `http` and `ws`, the URLs without a
 * path, to the Program; with TLS they are those of https and wss.
 */
export async function startServer(name, args = []) {
  const program = new Program(name, args);
  try {
    const [, s, host, port] = await program.printed(/http(s?):\/\/(\S+):(\d+)/);
    return Object.assign(program, {
      port: Number(port),
      http: `http${s}://${host}:${port}`,
      ws: `ws${s}://${host}:${port}`,
    });
  } catch (error) {
    await program.kill();
    throw error;
  }
}

/** The arguments that make a server listen on a free port of loopback, over the back end under test. */
export const onFreePort = ['--port', '0', '--host', '127.0.0.1', '--backend', process.env.DUPLEX_TEST_BACKEND ?? 'auto'];

/** Why a program cannot be given a terminal here; undefined if it can. */
export function whyNoTerminal() {
  const tried = spawnSync('/usr/bin/script', ['--quiet', '--return', '--command', 'true', '/dev/null']);
  return tried.status === 0 ? undefined : `no terminal is to be had: ${tried.stderr}`;
}
