// A chart that moves with the clock: its right edge is now, so what is late leaves a gap there.

const span = 30_000;

export class Chart {
  #canvas;
  #context;
  #readings = [];

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d');
  }

  get length() {
    return this.#readings.length;
  }

  add(reading) {
    this.#readings.push(reading);
    while (this.#readings.length > 2 && this.#readings[1].time < reading.time - span - 10_000) this.#readings.shift();
  }

  /** `now` is the server's clock, in milliseconds. */
  draw(now) {
    const canvas = this.#canvas;
    const scale = devicePixelRatio;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const context = this.#context;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    const x = (time) => width - (width * (now - time)) / span;
    const y = (share) => height - 6 - (height - 14) * share;

    context.fillStyle = context.strokeStyle = style.getPropertyValue('--rule');
    context.lineWidth = 1;
    for (const share of [0, 0.5, 1]) context.fillRect(0, Math.round(y(share)), width, 1);
    for (let time = Math.ceil((now - span) / 5000) * 5000; time < now; time += 5000) context.fillRect(Math.round(x(time)), 0, 1, height);

    if (this.#readings.length === 0) return;
    context.lineJoin = 'round';
    this.#line((reading) => [x(reading.time), y(reading.memory / reading.memoryTotal)]);
    context.setLineDash([5, 4]);
    context.strokeStyle = style.getPropertyValue('--soft');
    context.lineWidth = 1.5;
    context.stroke();
    context.setLineDash([]);

    this.#line((reading) => [x(reading.time), y(reading.cpu / 100)]);
    const last = this.#readings.at(-1);
    context.strokeStyle = context.fillStyle = style.getPropertyValue('--line');
    context.lineWidth = 2;
    context.stroke();
    context.lineTo(x(last.time), y(0));
    context.lineTo(x(this.#readings[0].time), y(0));
    context.globalAlpha = 0.14;
    context.fill();
    context.globalAlpha = 1;
    context.beginPath();
    context.arc(x(last.time), y(last.cpu / 100), 4, 0, 2 * Math.PI);
    context.fill();
  }

  #line(place) {
    this.#context.beginPath();
    for (const reading of this.#readings) this.#context.lineTo(...place(reading));
  }
}
