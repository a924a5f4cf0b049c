// A WebSocket that comes back when it is lost, and its picture in the page's top bar.

const names = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];
const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** The address of `path` at the server that this page came from. */
export function address(path) {
  const url = new URL(path, location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  url.hash = '';
  return url.href;
}

/** Draws a connection into `.link` of the page. */
class LinkView {
  #link = document.querySelector('.link');
  #state = this.#link.querySelector('.state');
  #running = { sent: 0, received: 0 };

  show(readyState) {
    const name = names[readyState];
    this.#link.dataset.state = name.toLowerCase();
    this.#state.textContent = name;
  }

  /** A message runs along the lane `sent` or `received`. */
  pulse(way) {
    // A flood would be a blur; three at a time tell enough.
    if (calm.matches || document.hidden || this.#running[way] >= 3) return;
    const lane = this.#link.querySelector(`.lane.${way}`);
    const mark = lane.appendChild(document.createElement('i'));
    ++this.#running[way];
    mark.animate([{ left: '-26px' }, { left: '100%' }], { duration: 600, easing: 'linear' }).onfinish = () => {
      --this.#running[way];
      mark.remove();
    };
  }
}

/**
 * Connects to `path` and goes on doing so. `on.open(socket)`, `on.message(data)` and `on.close(event)`
 * are called as they happen; `binaryType` is arraybuffer.
 */
export class Link {
  /** The newest is the one that the page shows. */
  static #shown;
  #view = new LinkView();
  #path;
  #on;
  #socket;
  #lost = 0;
  #timer;

  constructor(path, on) {
    this.#path = path;
    this.#on = on;
    Link.#shown = this;
    this.#connect();
  }

  get bufferedAmount() {
    return this.#socket.bufferedAmount;
  }

  get isOpen() {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** `data` as it is, or an object as JSON. Returns false, and does nothing, while there is no connection. */
  send(data) {
    if (!this.isOpen) return false;
    const isMessage = typeof data === 'string' || data instanceof ArrayBuffer || data instanceof Blob;
    this.#socket.send(isMessage ? data : JSON.stringify(data));
    this.#view.pulse('sent');
    return true;
  }

  /** Ends it for good. */
  close() {
    clearTimeout(this.#timer);
    this.#lost = Infinity;
    this.#socket.close();
    this.#show();
  }

  #show() {
    if (Link.#shown === this) this.#view.show(this.#socket.readyState);
  }

  #connect() {
    const socket = new WebSocket(address(this.#path));
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    this.#show();
    socket.onopen = () => {
      this.#lost = 0;
      this.#show();
      this.#on.open?.(socket);
    };
    socket.onmessage = ({ data }) => {
      this.#view.pulse('received');
      this.#on.message?.(data);
    };
    socket.onclose = (event) => {
      this.#show();
      this.#on.close?.(event);
      if (this.#lost !== Infinity) this.#timer = setTimeout(() => this.#connect(), Math.min(500 * 2 ** this.#lost++, 10_000));
    };
  }
}
