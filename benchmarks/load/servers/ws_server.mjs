// npm ws, with its optional native module for masks.

import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import {WebSocket, WebSocketServer} from 'ws';

import {listen, readOptions} from './options.mjs';

const {role, port, level, certificate, key} = readOptions(['echo', 'deflate', 'tls', 'broadcast']);
const http =
  role === 'tls' ? createTlsServer({cert: readFileSync(certificate), key: readFileSync(key)}) : createServer();
const compression = {threshold: 0, ...(level && {zlibDeflateOptions: {level}})};
const server = new WebSocketServer({server: http, perMessageDeflate: role === 'deflate' && compression});

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
  (role === 'broadcast' ? broadcast : echo)(socket);
});
listen(http, port);
