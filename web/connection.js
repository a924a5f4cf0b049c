// The page's one WebSocket at a time, and how far what was sent has got.

export const stateNames = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];

export class Connection {
  #socket = null;
  #handlers;
  #binaryType = 'blob';
  #given = { bytes: 0 };

  /** `handlers`: open(), message(data), error(), close(CloseEvent), each of the current socket alone. */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  /** Throws what the browser's constructor throws: SyntaxError or SecurityError. */
  connect(url, protocols) {
    const socket = new WebSocket(url, protocols);
    this.#socket = socket;
    this.#given = { bytes: 0 };
    socket.binaryType = this.#binaryType;
    const relay = (name) => (event) => {
      if (socket === this.#socket) this.#handlers[name](event);
    };
    socket.addEventListener('open', relay('open'));
    socket.addEventListener('message', relay('message'));
    socket.addEventListener('error', relay('error'));
    socket.addEventListener('close', relay('close'));
  }

  get readyState() {
    return this.#socket ? this.#socket.readyState : WebSocket.CLOSED;
  }
  get bufferedAmount() {
    return this.#socket ? this.#socket.bufferedAmount : 0;
  }
  get protocol() {
    return this.#socket ? this.#socket.protocol : '';
  }
  get extensions() {
    return this.#socket ? this.#socket.extensions : '';
  }
  get url() {
    return this.#socket ? this.#socket.url : '';
  }

  set binaryType(type) {
    this.#binaryType = type;
    if (this.#socket) this.#socket.binaryType = type;
  }
  get binaryType() {
    return this.#binaryType;
  }

  /**
   * Sends `size` bytes of payload. Returns a function that tells how many of them the browser has
   * handed to the network: what was queued before leaves first, so the rest of bufferedAmount is ours.
   */
  send(data, size) {
    const socket = this.#socket;
    const given = this.#given;
    socket.send(data);
    const start = given.bytes;
    given.bytes += size;
    return () => Math.min(size, Math.max(0, given.bytes - socket.bufferedAmount - start));
  }

  /** As the browser's close; without arguments it sends an empty Close frame. Throws what that throws. */
  close(...codeAndReason) {
    this.#socket?.close(...codeAndReason);
  }
}
