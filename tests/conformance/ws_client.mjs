// Connects to the URL that it is given with npm `ws` and sends back what comes, again and again, until nobody
// listens there.

import { WebSocket } from 'ws';

function connect() {
  const ws = new WebSocket(process.argv[2], { maxPayload: 64 << 20 });
  let isOver = false;
  ws.on('error', (error) => {
    isOver = error.code === 'ECONNREFUSED';
  });
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on('close', () => {
    if (!isOver) connect();
  });
}

connect();
