import { sha256, Transfers } from './transfer.js';

const element = (id) => document.getElementById(id);
const drop = element('drop');

function formatBytes(bytes) {
  for (const unit of ['B', 'kB', 'MB']) {
    if (bytes < 999.5) return `${bytes < 9.95 && unit !== 'B' ? bytes.toFixed(1) : bytes.toFixed(0)} ${unit}`;
    bytes /= 1000;
  }
  return `${bytes.toFixed(1)} GB`;
}

/** One file on its way, as the page shows it. */
class Card {
  #root = element('transfer').content.firstElementChild.cloneNode(true);
  #started = {};

  constructor(name, size) {
    this.#set('.name', name);
    this.#set('.size', size === undefined ? '' : formatBytes(size));
    element('transfers').prepend(this.#root);
  }

  #set(selector, text) {
    this.#root.querySelector(selector).textContent = text;
  }

  /** Of the way `sent` or `received`: `bytes` of `size` have arrived. */
  progress(way, bytes, size) {
    const started = (this.#started[way] ??= performance.now());
    const speed = bytes / Math.max(1, performance.now() - started);
    this.#root.querySelector(`.${way} progress`).value = size === 0 ? 1 : bytes / size;
    this.#set(`.${way} output`, `${size === 0 ? 100 : Math.floor((100 * bytes) / size)} % · ${formatBytes(speed * 1000)}/s`);
  }

  state(state, verdict, checksum = '') {
    this.#root.dataset.state = state;
    this.#set('.verdict', verdict);
    this.#set('.checksum code', checksum);
  }

  fetchedOnly() {
    this.#root.classList.add('fetched');
    this.#set('.received span', 'from the server');
  }

  offer(name, blob) {
    const link = this.#root.querySelector('.save');
    Object.assign(link, { href: URL.createObjectURL(blob), download: name, hidden: false });
  }
}

const transfers = new Transfers((files) => {
  element('shelf').hidden = files.length === 0;
  element('stored').replaceChildren(...files.toReversed().map(({ id, name, size }) => {
    const item = document.createElement('li');
    const button = Object.assign(document.createElement('button'), { className: 'small', textContent: 'Fetch' });
    button.addEventListener('click', () => queue(() => fetchFile(id, name, size)));
    item.append(
      Object.assign(document.createElement('b'), { textContent: name }),
      Object.assign(document.createElement('span'), { className: 'help', textContent: formatBytes(size) }),
      button);
    return item;
  }));
});

async function comeBack(card, id) {
  const file = await transfers.get(id, (bytes, size) => card.progress('received', bytes, size));
  card.progress('received', file.received, file.size);
  const blob = new Blob(file.parts);
  return { name: file.name, blob, expected: file.sha256, actual: await sha256(await blob.arrayBuffer()) };
}

/** There and back again. */
async function sendFile(card, file) {
  const own = await sha256(await file.arrayBuffer());
  card.state('sending', 'On its way', own);
  const stored = await transfers.put(file, (bytes) => card.progress('sent', bytes, file.size));
  card.progress('sent', file.size, file.size);
  if (stored.sha256 !== own) throw new Error(`The server got other bytes: SHA-256 ${stored.sha256}`);
  card.state('returning', 'Arrived at the server as it was, SHA-256', own);
  const back = await comeBack(card, stored.id);
  if (back.actual !== own) throw new Error(`Other bytes came back: SHA-256 ${back.actual}`);
  card.offer(back.name, back.blob);
  card.state('done', '✓ Same bytes here, there and back. SHA-256', own);
}

async function fetchFile(id, name, size) {
  const card = new Card(name, size);
  card.fetchedOnly();
  await guarded(card, async () => {
    const back = await comeBack(card, id);
    if (back.actual !== back.expected) throw new Error(`Other bytes came than the server has: SHA-256 ${back.actual}`);
    card.offer(back.name, back.blob);
    card.state('done', '✓ Same bytes as at the server. SHA-256', back.actual);
  });
}

async function guarded(card, work) {
  try {
    await work();
  } catch (error) {
    card.state('failed', error.message);
  }
}

// One file after the other: each gets the whole connection.
let last = Promise.resolve();
function queue(work) {
  last = last.then(work);
}

function sendAll(files) {
  for (const file of files) {
    const card = new Card(file.name, file.size);
    queue(() => guarded(card, () => sendFile(card, file)));
  }
}

element('files').addEventListener('change', ({ target }) => {
  sendAll(target.files);
  target.value = '';
});
for (const name of ['dragenter', 'dragover']) {
  addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
}
addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) drop.classList.remove('over');
});
addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  sendAll(event.dataTransfer.files);
});

if (!globalThis.crypto?.subtle) {
  element('notice').textContent = 'Browsers calculate checksums only on https: and on localhost; open this page as one of these.';
  element('files').disabled = true;
}
