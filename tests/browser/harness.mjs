// A real Chromium in front of duplex's programs. A page that reports an error fails its test.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

import { onFreePort, patience, startServer } from '../interop/harness.mjs';

const pictures = fileURLToPath(new URL('../../test-results/screenshots/', import.meta.url));
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

export const desktop = { viewport: { width: 1440, height: 900 } };
export const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** Starts one of duplex's servers on a free port; `stop` asks it to end, and it must end well. */
export async function startProgram(name, args = []) {
  const program = await startServer(name, [...args, ...onFreePort]);
  return {
    url: `${program.http}/`,
    ws: `${program.ws}/`,
    async stop() {
      try {
        assert.deepEqual(await program.stop(), { code: 0, signal: null }, program.stderr);
      } finally {
        await program.kill();
      }
    },
  };
}

/** One server for all tests of a file; its `url` is known once they run. */
export function serverForAll(name, args) {
  const server = {};
  before(async () => Object.assign(server, await startProgram(name, args)));
  after(() => server.stop?.());
  return server;
}

let browser;
/** The one Chromium of a file's tests, with `extra` flags of its own. */
export function browserForAll(extra = []) {
  before(async () => {
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    browser = await chromium.launch({ executablePath, args: [...flags, ...extra] });
  });
  after(() => browser?.close());
}

/**
 * Opens `url` in a profile of its own, until the test `t` ends. What the page throws or writes to the
 * console as an error then fails the test, but for what matches one of `page.expectedErrors`.
 */
export async function open(t, url, options = desktop) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(patience);
  const errors = [];
  const expectedErrors = [];
  const watch = (page) => {
    page.expectedErrors = expectedErrors;
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
    });
  };
  context.on('page', watch);
  t.after(async () => {
    await context.close();
    assert.deepEqual(errors.filter((error) => !expectedErrors.some((pattern) => pattern.test(error))), []);
  });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

/** Waits until the element `selector` holds exactly `text`. */
export function shows(page, selector, text) {
  return page.waitForFunction(
    ([where, what]) => document.querySelector(where)?.textContent.trim() === what, [selector, String(text)]);
}

/** Waits until the number in `selector` is at least `least`; returns it. */
export async function reaches(page, selector, least) {
  const handle = await page.waitForFunction(([where, what]) => {
    const number = Number(document.querySelector(where)?.textContent.replaceAll(',', ''));
    return number >= what ? { number } : null;
  }, [selector, least]);
  return (await handle.jsonValue()).number;
}

/** The bytes behind a link of the page, which may be a blob of its own. */
export async function bytesOf(page, link) {
  const url = await link.evaluate((anchor) => anchor.href);
  const text = await page.evaluate(async (address) => {
    const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
    let binary = '';
    for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(binary);
  }, url);
  return Buffer.from(text, 'base64');
}

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Keeps a picture of the page for people, in test-results/screenshots. */
export async function shot(page, name, options = {}) {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), animations: 'disabled', ...options });
}

/** The page can be read without scrolling sideways. */
export async function fitsItsWidth(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= window, `the page is ${content} pixels wide in a window of ${window}`);
}
