// The list of what happened on the connection. It holds a bounded number of entries and of bytes, and
// draws at most once a frame, so that a flood of messages cannot stop the page.

import { formatBytes, formatTime, hexDump, sniffImage } from './format.js';

const maxEntries = 300;
const maxRetainedBytes = 256 * 1000 * 1000;
const shownCharacters = 2000;
const shownBytes = 64;
const arrows = { sent: '↑', received: '↓' };

export class MessageLog {
  #list;
  #jump;
  #entries = [];
  #pending = [];
  #retained = 0;
  #number = 0;
  #unseen = 0;
  #follow = true;
  #top = 0;

  constructor(list, jump) {
    this.#list = list;
    this.#jump = jump;
    jump.addEventListener('click', () => this.#toEnd());
    list.addEventListener('scroll', () => {
      // Only the reader scrolls back; what arrives meanwhile moves the end, not the view.
      const back = list.scrollTop < this.#top;
      this.#top = list.scrollTop;
      this.#follow = this.#atEnd() || (this.#follow && !back);
      if (this.#follow) this.#showUnseen(0);
    });
  }

  get length() {
    return this.#entries.length + this.#pending.length;
  }

  /** A line about the connection itself; `kind`: open, close, error. */
  addEvent(kind, title, detail = '') {
    this.#add({ kind, direction: 'event', title, detail, size: 0 });
  }

  /** `progress`, for what is being sent: a function that returns the bytes gone so far. */
  addText(direction, text, size, progress) {
    this.#add({ kind: 'text', direction, text, size, progress });
  }

  addBinary(direction, blob, name, progress) {
    this.#add({ kind: 'binary', direction, blob, name, size: blob.size, progress });
  }

  #add(entry) {
    entry.number = this.#number += 1;
    entry.time = new Date();
    this.#pending.push(entry);
    this.#retained += entry.size;
    this.#trim();
  }

  clear() {
    for (const entry of [...this.#entries, ...this.#pending]) this.#release(entry);
    this.#entries = [];
    this.#pending = [];
    this.#toEnd();
  }

  #trim() {
    while (this.length > 1 && (this.length > maxEntries || this.#retained > maxRetainedBytes)) {
      this.#release(this.#entries.length > 0 ? this.#entries.shift() : this.#pending.shift());
    }
  }

  #release(entry) {
    entry.element?.remove();
    entry.released = true;
    if (entry.objectUrl) URL.revokeObjectURL(entry.objectUrl);
    this.#retained -= entry.size;
  }

  /** Draws what came since the last frame, and how far what is being sent has got. */
  render() {
    if (this.#pending.length > 0) {
      const fresh = this.#pending;
      this.#pending = [];
      for (const entry of fresh) entry.element = this.#element(entry);
      this.#list.append(...fresh.map((entry) => entry.element));
      this.#entries.push(...fresh);
      if (!this.#follow) this.#showUnseen(this.#unseen + fresh.length);
    }
    for (const entry of this.#entries) if (entry.bar) this.#showProgress(entry);
    // Pictures load and the window changes: a reader at the end stays there.
    if (this.#follow && !this.#atEnd()) this.#toEnd();
  }

  #atEnd() {
    return this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 4;
  }

  #toEnd() {
    this.#follow = true;
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#showUnseen(0);
  }

  #showUnseen(count) {
    this.#unseen = Math.min(count, maxEntries);
    this.#jump.hidden = count === 0;
    this.#jump.textContent = `${this.#unseen} new ↓`;
  }

  #element(entry) {
    const item = make('li', `entry ${entry.direction} ${entry.kind}`);
    item.dataset.direction = entry.direction;
    item.dataset.kind = entry.kind;
    const time = make('time', '', formatTime(entry.time));
    time.dateTime = entry.time.toISOString();
    const body = make('div', 'body');
    if (entry.direction === 'event') {
      body.append(make('strong', '', entry.title), make('span', 'detail', entry.detail));
    } else {
      item.append(make('span', 'node', arrows[entry.direction]));
      item.append(make('span', 'spoken', entry.direction === 'sent' ? 'Sent' : 'Received'));
      this.#fill(entry, body);
    }
    const meta = make('div', 'meta');
    if (entry.direction !== 'event') {
      const size = make('span', 'size', formatBytes(entry.size));
      size.title = `${entry.size.toLocaleString('en')} bytes`;
      meta.append(make('span', 'type', entry.kind), size);
    }
    meta.append(time);
    item.append(body, meta);
    return item;
  }

  #fill(entry, body) {
    if (entry.kind === 'text') {
      const cut = entry.text.length > shownCharacters;
      const text = make('p', 'text', cut ? `${entry.text.slice(0, shownCharacters)}…` : entry.text);
      text.dir = 'auto';
      body.append(text);
      if (cut) {
        entry.blob = new Blob([entry.text], { type: 'text/plain' });
        body.append(this.#download(entry, `message-${entry.number}.txt`));
      }
      entry.text = '';
    } else {
      this.#fillBinary(entry, body);
    }
    if (entry.progress && entry.progress() < entry.size) {
      entry.bar = make('progress', '');
      entry.bar.max = entry.size;
      entry.bar.setAttribute('aria-label', 'Handed to the network');
      entry.note = make('span', 'note');
      body.append(entry.bar, entry.note);
    }
  }

  async #fillBinary(entry, body) {
    const caption = make('p', 'caption', entry.name ?? '');
    const preview = make('pre', 'hex');
    preview.tabIndex = -1;
    body.append(caption, preview);
    const head = new Uint8Array(await entry.blob.slice(0, shownBytes).arrayBuffer());
    if (entry.released) return;
    const image = sniffImage(head);
    const more = entry.size > head.length ? `\n… ${formatBytes(entry.size - head.length)} more` : '';
    preview.textContent = head.length > 0 ? hexDump(head, innerWidth < 620 ? 8 : 16) + more : '(empty)';
    if (image) entry.blob = entry.blob.slice(0, entry.size, image.type);
    const name = entry.name ?? `message-${entry.number}.${image ? image.extension : 'bin'}`;
    caption.append(this.#download(entry, name));
    if (image) preview.replaceWith(this.#picture(entry, name));
  }

  #picture(entry, name) {
    const picture = make('img', 'picture');
    picture.alt = `Picture ${name}`;
    picture.src = entry.objectUrl;
    return picture;
  }

  #download(entry, name) {
    entry.objectUrl = URL.createObjectURL(entry.blob);
    const link = make('a', 'download', 'Download');
    link.href = entry.objectUrl;
    link.download = name;
    link.setAttribute('aria-label', `Download ${name}`);
    return link;
  }

  #showProgress(entry) {
    const gone = entry.progress();
    entry.bar.value = gone;
    entry.note.textContent = `${Math.floor((gone / entry.size) * 100)} % of ${formatBytes(entry.size)} handed over`;
    if (gone < entry.size) return;
    entry.bar.remove();
    entry.note.remove();
    entry.bar = null;
  }
}

function make(tag, className, text = '') {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
