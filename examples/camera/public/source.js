// Where frames come from: the browser's camera, or a picture that draws itself.

const width = 480;
const height = 360;

/** Each has `draw(context)` for the next frame and `stop()`. */
export async function openCamera() {
  if (!navigator.mediaDevices) throw new Error('Browsers give a page the camera only on https: and on localhost.');
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width, height }, audio: false });
  const video = Object.assign(document.createElement('video'), { srcObject: stream, muted: true, playsInline: true });
  await video.play();
  return {
    draw(context) {
      // Filled, as CSS's `cover` does, whatever shape the camera's picture has.
      const scale = Math.max(width / video.videoWidth, height / video.videoHeight);
      const [w, h] = [video.videoWidth * scale, video.videoHeight * scale];
      context.drawImage(video, (width - w) / 2, (height - h) / 2, w, h);
    },
    stop() {
      for (const track of stream.getTracks()) track.stop();
    },
  };
}

export function openPicture() {
  const started = performance.now();
  return {
    draw(context) {
      drawPicture(context, (performance.now() - started) / 1000);
    },
    stop() {},
  };
}

/** Two inks that pass each other, as messages do, and a clock that shows how live it is. */
function drawPicture(context, seconds) {
  context.globalCompositeOperation = 'source-over';
  context.fillStyle = '#f4f2ee';
  context.fillRect(0, 0, width, height);
  context.globalCompositeOperation = 'multiply';
  for (let i = 0; i < 9; ++i) {
    for (const [ink, way] of [['#ff6a45', 1], ['#4a6cf7', -1]]) {
      const phase = seconds * 0.35 * way + i * 0.7;
      const x = width / 2 + Math.cos(phase) * (60 + 17 * i);
      const y = height / 2 + Math.sin(phase * 1.3 + way) * (22 + 13 * i);
      context.fillStyle = ink;
      context.globalAlpha = 0.75;
      context.beginPath();
      context.arc(x, y, 14 + 6 * (1 + Math.sin(seconds + i)), 0, 2 * Math.PI);
      context.fill();
    }
  }
  context.globalAlpha = 1;
  context.globalCompositeOperation = 'source-over';
  context.fillStyle = '#1c1a38';
  context.font = '650 26px ui-monospace, monospace';
  context.fillText(new Date().toISOString().slice(11, 22), 20, height - 20);
}
