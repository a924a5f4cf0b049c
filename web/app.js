// The demo page: one WebSocket, every member of it in sight.

import { Connection, stateNames } from './connection.js';
import { byteLength, closeMeaning, formatBytes } from './format.js';
import { MessageLog } from './log.js';
import { ServerPanel, parseServerPush } from './server_panel.js';
import { Wire } from './wire.js';

const get = (id) => document.getElementById(id);
const maxReasonBytes = 123;

const log = new MessageLog(get('log'), get('jump'));
const wire = new Wire(get('wire'));
const server = new ServerPanel();
const connection = new Connection({ open: opened, message: received, error: failed, close: closed });
let shownState;

// --- connecting

function defaultUrl() {
  if (!location.host) return 'ws://127.0.0.1:5000/';
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/`;
}

const describe = (error) => `${error.name}: ${error.message}`;

function connect() {
  get('connect-error').textContent = '';
  const protocols = get('protocols').value.split(',').map((name) => name.trim()).filter(Boolean);
  try {
    connection.connect(get('url').value.trim(), protocols);
  } catch (error) {
    get('connect-error').textContent = describe(error);
    get('url').focus();
    return;
  }
  get('peer').textContent = new URL(connection.url).host;
  get('close-error').textContent = '';
  get('close-event').hidden = true;
  server.reset();
  showState();
}

function opened() {
  const agreed = [connection.protocol && `protocol ${connection.protocol}`, connection.extensions];
  log.addEvent('open', 'Open', agreed.filter(Boolean).join(', ') || connection.url);
  showState();
}

function failed() {
  log.addEvent('error', 'Error', 'The browser tells a page no more than that; its console may.');
}

function closed(event) {
  const meaning = closeMeaning(event.code);
  log.addEvent('close', `Close ${event.code}`, event.reason ? `${meaning}: ${event.reason}` : meaning);
  get('close-event').hidden = false;
  get('close-event').dataset.clean = String(event.wasClean);
  get('close-event-code').textContent = event.code;
  get('close-event-meaning').textContent = meaning;
  get('close-event-reason').textContent = JSON.stringify(event.reason);
  get('close-event-clean').textContent = String(event.wasClean);
  server.rest();
  showState();
}

// --- messages

function received({ data }) {
  if (typeof data !== 'string') {
    const blob = data instanceof Blob ? data : new Blob([data]);
    wire.pass('received', blob.size);
    log.addBinary('received', blob);
    return;
  }
  const size = byteLength(data);
  const push = parseServerPush(data);
  wire.pass('received', size);
  if (push) server.show(push);
  if (!push || get('show-pushes').checked) log.addText('received', data, size);
}

function sendText(text) {
  get('composer-error').textContent = '';
  try {
    const size = byteLength(text);
    const progress = connection.send(text, size);
    wire.pass('sent', size);
    log.addText('sent', text, size, progress);
    return true;
  } catch (error) {
    get('composer-error').textContent = describe(error);
    return false;
  }
}

async function sendFiles(files) {
  get('composer-error').textContent = '';
  for (const file of files) {
    if (connection.readyState !== WebSocket.OPEN) {
      get('composer-error').textContent = `${file.name} was not sent: the connection is not open.`;
      return;
    }
    try {
      const data = connection.binaryType === 'blob' ? file : await file.arrayBuffer();
      const progress = connection.send(data, file.size);
      wire.pass('sent', file.size);
      log.addBinary('sent', file, file.name, progress);
    } catch (error) {
      get('composer-error').textContent = `${file.name}: ${describe(error)}`;
    }
  }
}

// --- closing

function close() {
  const code = get('close-code').value.trim();
  const reason = get('close-reason').value;
  get('close-error').textContent = '';
  try {
    if (reason) connection.close(code ? Number(code) : undefined, reason);
    else if (code) connection.close(Number(code));
    else connection.close();
  } catch (error) {
    get('close-error').textContent = describe(error);
  }
  showState();
}

function showReasonSize() {
  const size = byteLength(get('close-reason').value);
  get('close-reason-size').textContent = size > 0 ? `${size} of ${maxReasonBytes} bytes` : '';
  get('close-reason-size').classList.toggle('over', size > maxReasonBytes);
}

// --- what is shown

function showState() {
  const state = connection.readyState;
  if (state === shownState) return;
  shownState = state;
  wire.setState(stateNames[state]);
  get('ready-state').textContent = state;
  get('ready-state-name').textContent = stateNames[state];
  get('protocol').textContent = JSON.stringify(connection.protocol);
  get('extensions').textContent = JSON.stringify(connection.extensions);
  get('connect').hidden = state !== WebSocket.CLOSED;
  get('disconnect').hidden = state === WebSocket.CLOSED;
  get('disconnect').textContent = state === WebSocket.CONNECTING ? 'Cancel' : 'Disconnect';
  get('disconnect').disabled = state === WebSocket.CLOSING;
  for (const id of ['send', 'attach']) get(id).disabled = state !== WebSocket.OPEN;
  get('close-button').disabled = state === WebSocket.CLOSED;
  document.title = state === WebSocket.OPEN ? 'duplex – open' : 'duplex';
}

function frame() {
  showState();
  const buffered = connection.bufferedAmount;
  get('buffered-amount').textContent = buffered.toLocaleString('en');
  get('wire').dataset.buffered = String(buffered > 0);
  wire.render(formatBytes);
  log.render();
  requestAnimationFrame(frame);
}

// --- controls

get('connect-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (connection.readyState === WebSocket.CLOSED) connect();
});
get('disconnect').addEventListener('click', () => {
  connection.close();
  showState();
});
get('second-tab').addEventListener('click', () => window.open(location.href));
get('binary-type').addEventListener('change', (event) => (connection.binaryType = event.target.value));
get('clear-log').addEventListener('click', () => log.clear());
get('close-form').addEventListener('submit', (event) => {
  event.preventDefault();
  close();
});
get('close-reason').addEventListener('input', showReasonSize);

const message = get('message');
function fitMessage() {
  message.style.height = 'auto';
  message.style.height = `${message.scrollHeight + 2}px`;
}
message.addEventListener('input', fitMessage);
message.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  get('composer').requestSubmit();
});
get('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  if (connection.readyState !== WebSocket.OPEN) {
    get('composer-error').textContent = 'Not sent: the connection is not open.';
  } else if (message.value !== '' && sendText(message.value)) {
    message.value = '';
    fitMessage();
  }
  message.focus();
});

// --- files: chosen, dropped or pasted

get('attach').addEventListener('click', () => get('file-input').click());
get('file-input').addEventListener('change', async (event) => {
  await sendFiles([...event.target.files]);
  event.target.value = '';
});
message.addEventListener('paste', (event) => {
  if (event.clipboardData.files.length === 0) return;
  event.preventDefault();
  sendFiles([...event.clipboardData.files]);
});

const carriesFiles = (event) => event.dataTransfer?.types.includes('Files');
addEventListener('dragover', (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  get('drop-zone').hidden = false;
});
addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) get('drop-zone').hidden = true;
});
addEventListener('drop', (event) => {
  get('drop-zone').hidden = true;
  if (!carriesFiles(event)) return;
  event.preventDefault();
  sendFiles([...event.dataTransfer.files]);
});

get('url').value = defaultUrl();
connect();
frame();
