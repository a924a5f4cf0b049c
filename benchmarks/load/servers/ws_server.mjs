// npm ws, with its optional native module for masks.

import {createServer} from 'node:http';
import {WebSocket, WebSocketServer} from 'ws';

import {listen, readOptions} from './options.mjs';

const {role, port} = readOptions(['echo', 'broadcast']);
const http = createServer();
const server = new WebSocketServer({server: http, perMessageDeflate: false});

function echo(socket) {
  socket.on('message', (data, isBinary) => socket.send(data, {binary: isBinary}));
}

function broadcast(socket) {
  socket.on('message', (data, isBinary) => {
    for (const client of server.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(data, {binary: isBinary});
    }
  });
}

server.on('connection', (socket) => {
  socket.on('error', () => socket.terminate());
  (role === 'echo' ? echo : broadcast)(socket);
});
listen(http, port);
