// What a way of getting readings costs: in bytes, and in time during which old ones are shown.

/** The bytes of a WebSocket frame from a server, its header included (RFC 6455 §5.2). */
export function frameSize(payload) {
  return payload + (payload < 126 ? 2 : payload < 65_536 ? 4 : 10);
}

const encoder = new TextEncoder();
export const byteLength = (text) => encoder.encode(text).length;

/** The bytes of a response: status line, headers, body. All headers are visible to the page that asked. */
export function responseSize(response, body) {
  let size = `HTTP/1.1 ${response.status} ${response.statusText}\r\n\r\n`.length + byteLength(body);
  for (const [name, value] of response.headers) size += name.length + value.length + 4;
  return size;
}

export class Cost {
  transfers = 0;
  bytes = 0;
  readings = 0;
  missed = 0;
  #shownTime = 0;
  #ageSum = 0;
  #staleSum = 0;
  #last;
  #since = 0;

  /** `time` was read by the server; it is shown from `now` on, and another is read each `period`. All ms. */
  shows(time, now, period) {
    this.#account(now, period);
    this.#since = now;
    if (time === this.#last) return;
    if (this.#last !== undefined) this.missed += Math.max(0, Math.round((time - this.#last) / period) - 1);
    this.#last = time;
    ++this.readings;
  }

  /** What is shown no longer claims to be true. */
  pause(now, period) {
    this.#account(now, period);
    this.#last = undefined;
  }

  #account(now, period) {
    if (this.#last === undefined) return;
    const [from, to] = [this.#since - this.#last, now - this.#last];
    this.#shownTime += to - from;
    this.#ageSum += ((from + to) / 2) * (to - from);
    this.#staleSum += Math.max(0, to - Math.max(from, period));
  }

  get bytesPerReading() {
    return this.bytes / this.readings;
  }

  /** Milliseconds. */
  get age() {
    return this.#ageSum / this.#shownTime;
  }

  /** A share of 1. */
  get stale() {
    return this.#staleSum / this.#shownTime;
  }
}
