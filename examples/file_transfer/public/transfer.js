// The browser's end of the transfer: one file up and one file down at a time, over one connection.

import { Link } from '/common/link.js';

const chunk = 64 * 1024;
const window = 16 * chunk;

export class Transfers {
  #link;
  #upload;
  #download;
  #connected;
  #reportConnected;

  /** `onFiles` is told what is on the server, whenever that changes. */
  constructor(onFiles) {
    this.#connected = new Promise((resolve) => (this.#reportConnected = resolve));
    this.#link = new Link('/transfer', {
      open: () => this.#reportConnected(),
      message: (data) => {
        if (data instanceof ArrayBuffer) return this.#take(data);
        const message = JSON.parse(data);
        if (message.type === 'files') onFiles(message.files);
        else this.#hear(message);
      },
      close: () => this.#lose(),
    });
  }

  /** Sends `file`; resolves with the server's {id, sha256}. `onProgress(bytes)` is what it has got. */
  async put(file, onProgress) {
    await this.#connected;
    return new Promise((resolve, reject) => {
      this.#upload = { file, onProgress, resolve, reject, sent: 0, received: 0, reading: false };
      this.#link.send({ type: 'put', name: file.name, size: file.size });
      this.#sendMore();
    });
  }

  /** Fetches file `id`; resolves with {name, sha256, parts}. `onProgress(bytes, size)` is what is here. */
  async get(id, onProgress) {
    await this.#connected;
    return new Promise((resolve, reject) => {
      this.#download = { onProgress, resolve, reject, parts: [], received: 0, size: undefined };
      this.#link.send({ type: 'get', id });
    });
  }

  #hear(message) {
    if (message.type === 'received') {
      this.#upload.received = message.bytes;
      this.#upload.onProgress(message.bytes);
      this.#sendMore();
    } else if (message.type === 'stored') {
      this.#end('upload').resolve(message);
    } else if (message.type === 'file') {
      Object.assign(this.#download, message);
      this.#finishIfWhole();
    } else if (message.type === 'refused') {
      this.#end(this.#upload ? 'upload' : 'download').reject(new Error(message.reason));
    }
  }

  /** Chunks, until the window is full or the file at its end. */
  async #sendMore() {
    const upload = this.#upload;
    if (upload.reading) return;
    upload.reading = true;
    while (upload === this.#upload && upload.sent < upload.file.size && upload.sent < upload.received + window) {
      const part = await upload.file.slice(upload.sent, upload.sent + chunk).arrayBuffer();
      if (upload !== this.#upload) return;
      upload.sent += part.byteLength;
      this.#link.send(part);
    }
    upload.reading = false;
  }

  #take(part) {
    const download = this.#download;
    download.parts.push(part);
    download.received += part.byteLength;
    download.onProgress(download.received, download.size);
    this.#link.send({ type: 'received', bytes: download.received });
    this.#finishIfWhole();
  }

  #finishIfWhole() {
    const download = this.#download;
    if (download.received >= download.size) this.#end('download').resolve(download);
  }

  #end(kind) {
    const ended = kind === 'upload' ? this.#upload : this.#download;
    if (kind === 'upload') this.#upload = undefined;
    else this.#download = undefined;
    return ended;
  }

  #lose() {
    const error = new Error('The connection was lost.');
    this.#end('upload')?.reject(error);
    this.#end('download')?.reject(error);
    this.#connected = new Promise((resolve) => (this.#reportConnected = resolve));
  }
}

/** In hexadecimal. */
export async function sha256(bytes) {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
