import { Link } from '/common/link.js';
import { Chart } from './chart.js';
import { byteLength, Cost, frameSize, responseSize } from './cost.js';

const element = (id) => document.getElementById(id);

// The 101 with the three headers it needs, and what `close()` costs: a masked empty Close, and its answer.
const answerSize = 129;
const closeSize = 6 + 2;

/** One half of the page. */
class Source {
  cost = new Cost();
  #figures = {};
  #chart;
  #last;

  constructor(root) {
    root.append(element('source').content.cloneNode(true));
    for (const figure of root.querySelectorAll('[data-figure]')) this.#figures[figure.dataset.figure] = figure;
    this.#chart = new Chart(root.querySelector('canvas'));
    this.root = root;
  }

  show(reading) {
    this.cost.shows(reading.time, serverNow(), period);
    if (reading.time === this.#last?.time) return;
    this.#last = reading;
    this.#chart.add(reading);
    this.root.dataset.readings = this.#chart.length;
    this.#figures.cpu.textContent = `${reading.cpu.toFixed(0)} %`;
    this.#figures.memory.textContent = formatBytes(reading.memory);
    this.#figures.load.textContent = reading.load.toFixed(2);
    this.#figures.received.textContent = `${formatBytes(reading.received)}/s`;
    this.#figures.sent.textContent = `${formatBytes(reading.sent)}/s`;
  }

  draw(now) {
    this.#chart.draw(now);
    if (this.#last) this.#figures.age.textContent = formatTime(now - this.#last.time);
  }
}

const pushed = new Source(element('pushed'));
const polled = new Source(element('polled'));
let period = 500;
let paused = false;

// The server's clock as seen from here: the answer that took least time tells best.
let offset = 0;
let shortest = Infinity;
const clock = () => performance.timeOrigin + performance.now();
const serverNow = () => clock() + offset;
function setClock(time, asked, answered) {
  if (answered - asked >= shortest) return;
  shortest = answered - asked;
  offset = time - (asked + answered) / 2;
}

function formatBytes(bytes) {
  for (const unit of ['B', 'kB', 'MB', 'GB', 'TB']) {
    if (bytes < 999.5) return `${bytes < 9.95 && unit !== 'B' ? bytes.toFixed(1) : bytes.toFixed(0)} ${unit}`;
    bytes /= 1000;
  }
  return '∞';
}

function formatTime(milliseconds) {
  const value = Math.max(0, milliseconds);
  return value < 999.5 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(1)} s`;
}

// Pushed: connect once, and listen.
let link;
function push() {
  link = new Link('/figures', {
    message(data) {
      const { cost } = pushed;
      ++cost.transfers;
      cost.bytes += frameSize(byteLength(data));
      const message = JSON.parse(data);
      if (message.handshake) {
        period = message.period;
        cost.bytes += message.handshake + answerSize;
      } else {
        pushed.show(message);
      }
    },
    close() {
      pushed.cost.pause(serverNow(), period);
    },
  });
}

// Polled: ask, again and again.
let requestSize;
let pollTimer;
let asking;
async function poll() {
  const { cost } = polled;
  const response = await fetch('/figures');
  const body = await response.text();
  ++cost.transfers;
  cost.bytes += requestSize + responseSize(response, body);
  polled.show(JSON.parse(body));
}
function startPolling() {
  const ask = () => {
    asking ??= poll().catch(() => polled.cost.pause(serverNow(), period)).finally(() => (asking = undefined));
  };
  ask();
  pollTimer = setInterval(ask, Number(element('interval').value));
}

/** How big the requests are that this browser sends, and how late it is at the server. */
async function prepare() {
  const probe = '/figures/request';
  const { size } = await (await fetch(probe)).json();
  requestSize = size - probe.length + '/figures'.length;
  for (let i = 0; i < 5; ++i) {
    const asked = clock();
    const { time } = await (await fetch(probe)).json();
    setClock(time, asked, clock());
  }
}

const rows = {
  transfers: (cost) => cost.transfers.toLocaleString('en'),
  bytes: (cost) => cost.bytes.toLocaleString('en'),
  bytesPerReading: (cost) => (cost.readings ? cost.bytesPerReading.toFixed(0) : '–'),
  missed: (cost) => cost.missed.toLocaleString('en'),
  age: (cost) => (cost.age >= 0 ? formatTime(cost.age) : '–'),
  stale: (cost) => (cost.stale >= 0 ? `${(100 * cost.stale).toFixed(cost.stale < 0.0995 ? 1 : 0)} %` : '–'),
};
for (const row of document.querySelectorAll('tr[data-row]')) {
  for (const kind of ['pushed', 'polled', 'ratio']) row.append(Object.assign(document.createElement('td'), { className: kind }));
}

const started = clock();
function showCosts() {
  for (const row of document.querySelectorAll('tr[data-row]')) {
    const name = row.dataset.row;
    row.querySelector('.pushed').textContent = rows[name](pushed.cost);
    row.querySelector('.polled').textContent = rows[name](polled.cost);
    const ratio = polled.cost[name] / pushed.cost[name];
    row.querySelector('.ratio').textContent = ratio > 0 && ratio < Infinity ? `× ${ratio.toPrecision(ratio < 10 ? 2 : 3)}` : '';
  }
  element('since').textContent = `in the ${Math.round((clock() - started) / 1000)} s since this page was opened`;
}

function draw() {
  if (!paused) {
    const now = serverNow();
    pushed.draw(now);
    polled.draw(now);
  }
  requestAnimationFrame(draw);
}

element('interval').addEventListener('change', () => {
  if (paused) return;
  clearInterval(pollTimer);
  startPolling();
});

element('pause').addEventListener('click', async () => {
  paused = !paused;
  element('pause').textContent = paused ? 'Continue' : 'Pause';
  element('pause').setAttribute('aria-pressed', String(paused));
  if (!paused) {
    push();
    startPolling();
    return;
  }
  clearInterval(pollTimer);
  if (link.isOpen) pushed.cost.bytes += closeSize;
  link.close();
  await asking;
  polled.cost.pause(serverNow(), period);
  showCosts();
});

await prepare();
push();
startPolling();
setInterval(showCosts, 500);
draw();
