import { address, Link } from '/common/link.js';
import { openCamera, openPicture } from './source.js';

const element = (id) => document.getElementById(id);
const framesASecond = 15;

// --- Watching

/** By id: what is shown of a camera. */
const shown = new Map();

function showCamera({ id, name }) {
  const figure = element('camera').content.firstElementChild.cloneNode(true);
  figure.querySelector('.name').textContent = name;
  const canvas = figure.querySelector('canvas');
  canvas.setAttribute('aria-label', `What ${name} shows`);
  element('cameras').append(figure);
  shown.set(id, { figure, context: canvas.getContext('2d'), frames: 0, missed: 0, last: undefined });
}

function showCameras(cameras) {
  for (const [id, { figure }] of shown) {
    if (cameras.some((camera) => camera.id === id)) continue;
    figure.remove();
    shown.delete(id);
  }
  for (const camera of cameras) {
    if (!shown.has(camera.id)) showCamera(camera);
  }
  element('nobody').hidden = cameras.length > 0;
}

async function showFrame(bytes) {
  const head = new DataView(bytes);
  const id = head.getUint32(0);
  const number = head.getUint32(4);
  const picture = await createImageBitmap(new Blob([new Uint8Array(bytes, 8)], { type: 'image/jpeg' }));
  if (element('slow').checked) await new Promise((resolve) => setTimeout(resolve, 500));
  watching.send(String(id));
  const camera = shown.get(id);
  if (!camera) return;
  camera.context.drawImage(picture, 0, 0, 480, 360);
  picture.close();
  if (camera.last !== undefined) camera.missed += number - camera.last - 1;
  camera.last = number;
  camera.figure.querySelector('.drawn').textContent = ++camera.frames;
  camera.figure.querySelector('.missed').textContent = camera.missed;
}

// Frames are drawn in the order in which they come.
let drawing = Promise.resolve();
const watching = new Link('/watch', {
  message(data) {
    if (typeof data === 'string') showCameras(JSON.parse(data).cameras);
    else drawing = drawing.then(() => showFrame(data)).catch(() => {});
  },
  close: () => showCameras([]),
});

// --- Showing

const preview = element('preview');
const context = preview.getContext('2d');
let stop = () => {};

const jpeg = () => new Promise((resolve) => preview.toBlob(resolve, 'image/jpeg', 0.7));

function show(source, name) {
  const socket = new WebSocket(address(`/show?name=${encodeURIComponent(name)}`));
  const started = performance.now();
  let frames = 0;
  let answered = 0;

  const timer = setInterval(async () => {
    source.draw(context);
    // A frame that would only wait is not sent: the next one will be newer.
    if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > 0 || frames > answered + 1) return;
    ++frames;
    const frame = await jpeg();
    if (socket.readyState === WebSocket.OPEN) socket.send(frame);
  }, 1000 / framesASecond);

  socket.onmessage = ({ data }) => {
    const { viewers, skipped } = JSON.parse(data);
    ++answered;
    element('viewers').textContent = viewers;
    element('skipped').textContent = skipped;
    element('frames').textContent = answered;
    element('rate').textContent = (answered / ((performance.now() - started) / 1000)).toFixed(1);
  };
  const end = () => {
    if (stop !== end) return;
    stop = () => {};
    clearInterval(timer);
    source.stop();
    socket.close();
    element('live').hidden = true;
    element('show').hidden = false;
  };
  socket.onclose = end;
  stop = end;
  element('live').hidden = false;
  element('show').hidden = true;
}

element('show').addEventListener('submit', async (event) => {
  event.preventDefault();
  element('notice').textContent = '';
  try {
    const source = event.submitter.value === 'camera' ? await openCamera() : openPicture();
    show(source, element('name').value.trim() || 'Somebody');
  } catch (error) {
    element('notice').textContent = `No camera: ${error.message} The drawn picture needs none.`;
  }
});
element('stop').addEventListener('click', () => stop());
