// What the server pushes about itself once a second.

import { formatClock, formatDuration } from './format.js';

const span = 60;
const step = 4;
const height = 40;
const svg = 'http://www.w3.org/2000/svg';
const get = (id) => document.getElementById(id);

/** The server's report in a text message, or null if the message is anything else. */
export function parseServerPush(text) {
  if (text.length > 1024 || !text.startsWith('{')) return null;
  try {
    const push = JSON.parse(text);
    const figures = [push.clients, push.messages, push.uptime];
    const known = push.type === 'server' && figures.every(Number.isFinite) && !isNaN(Date.parse(push.time));
    return known ? push : null;
  } catch {
    return null;
  }
}

export class ServerPanel {
  #root = get('server');
  #rates = [];
  #last = null;

  show(push) {
    const sameServer = this.#last && push.messages >= this.#last.messages && push.uptime >= this.#last.uptime;
    if (!sameServer) this.#rates = [];
    const elapsed = sameServer ? Math.max(1, push.uptime - this.#last.uptime) : 1;
    if (sameServer) this.#rates.push((push.messages - this.#last.messages) / elapsed);
    this.#rates = this.#rates.slice(-span);
    this.#last = push;

    this.#root.dataset.live = this.#root.dataset.known = 'true';
    get('server-clients').textContent = push.clients.toLocaleString('en');
    get('server-messages').textContent = push.messages.toLocaleString('en');
    get('server-time').textContent = formatClock(new Date(push.time));
    get('server-uptime').textContent = formatDuration(push.uptime);
    this.#beat();
    this.#draw();
  }

  /** The connection is gone: the figures stay readable, but are the last known ones. */
  rest() {
    this.#root.dataset.live = 'false';
  }

  /** For another connection, which may be another server. */
  reset() {
    this.#rates = [];
    this.#last = null;
    this.#root.dataset.known = 'false';
    for (const id of ['clients', 'messages', 'time', 'uptime']) get(`server-${id}`).textContent = '–';
    get('server-spark').replaceChildren();
    get('server-rate').textContent = '–';
    this.rest();
  }

  #beat() {
    const dot = get('server-beat');
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    dot.animate([{ transform: 'scale(1.9)', opacity: 0.5 }, { transform: 'scale(1)', opacity: 1 }], 600);
  }

  #draw() {
    const peak = Math.max(...this.#rates, 1);
    const slots = [...new Array(span - this.#rates.length).fill(0), ...this.#rates];
    const bars = slots.map((rate, i) => {
      const bar = document.createElementNS(svg, 'rect');
      const tall = rate > 0 ? Math.max(3, (rate / peak) * height) : 1;
      bar.setAttribute('x', i * step);
      bar.setAttribute('y', height - tall);
      bar.setAttribute('width', step - 1);
      bar.setAttribute('height', tall);
      if (rate === 0) bar.setAttribute('class', 'none');
      return bar;
    });
    get('server-spark').replaceChildren(...bars);
    get('server-rate').textContent = `${Math.round(this.#rates.at(-1) ?? 0).toLocaleString('en')}/s`;
  }
}
