// The picture of the connection: two lanes between this tab and the server, with a pulse for each message.

const pulseLimit = 24;

export class Wire {
  #root;
  #calm = matchMedia('(prefers-reduced-motion: reduce)');
  #ends;

  constructor(root) {
    this.#root = root;
    this.#ends = {
      sent: this.#end('sent'),
      received: this.#end('received'),
    };
  }

  #end(direction) {
    return {
      lane: this.#root.querySelector(`.lane.${direction}`),
      count: document.getElementById(`${direction}-count`),
      bytes: document.getElementById(`${direction}-bytes`),
      messages: 0,
      total: 0,
      pulses: 0,
    };
  }

  setState(name) {
    this.#root.dataset.state = name.toLowerCase();
  }

  /** Counts a message of `size` bytes and shows it travel; the more bytes, the longer the pulse. */
  pass(direction, size) {
    const end = this.#ends[direction];
    end.messages += 1;
    end.total += size;
    if (!this.#calm.matches && !document.hidden && end.pulses < pulseLimit) this.#pulse(end, direction, size);
  }

  #pulse(end, direction, size) {
    const pulse = document.createElement('i');
    const width = Math.min(140, 10 + 6 * Math.log2(size + 1));
    const [from, to] = [`-${width}px`, `${end.lane.clientWidth}px`];
    pulse.style.width = `${width}px`;
    end.lane.append(pulse);
    end.pulses += 1;
    const path = direction === 'sent' ? [from, to] : [to, from];
    const flight = pulse.animate(
      path.map((x) => ({ transform: `translateX(${x})` })),
      { duration: 900, easing: 'cubic-bezier(.35,.05,.3,1)' },
    );
    flight.onfinish = flight.oncancel = () => {
      pulse.remove();
      end.pulses -= 1;
    };
  }

  /** Writes the counters; called once a frame, however many messages passed. */
  render(formatBytes) {
    for (const end of Object.values(this.#ends)) {
      end.count.textContent = end.messages.toLocaleString('en');
      end.bytes.textContent = formatBytes(end.total);
    }
  }
}
