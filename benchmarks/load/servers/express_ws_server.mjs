// Express with express-ws, as their readers write it.

import {createServer} from 'node:http';
import express from 'express';
import expressWs from 'express-ws';

import {listen, readOptions} from './options.mjs';

const {role, port} = readOptions(['echo', 'broadcast', 'http', 'watch']);
const app = express();
app.disable('x-powered-by');
app.disable('etag');
const http = createServer(app);
const {getWss} = expressWs(app, http, {wsOptions: {perMessageDeflate: false}});

function echo() {
  app.ws('/', (socket) => {
    socket.on('message', (data) => socket.send(data));
  });
}

function broadcast() {
  app.ws('/', (socket) => {
    socket.on('message', (data) => {
      for (const client of getWss().clients) {
        if (client.readyState === client.OPEN) client.send(data);
      }
    });
  });
}

function hello() {
  app.get('/', (req, res) => res.type('text/plain').send('Hello, World!'));
}

// One value that changes each second, and three ways to follow it. It comes with the time of the change, in
// microseconds of the machine's monotonic clock.
function watch() {
  const now = () => Number(process.hrtime.bigint() / 1000n);
  let number = 0;
  let changed = now();
  let waiting = [];
  const value = () => JSON.stringify({value: number, at: changed});
  const answer = (res) => res.type('application/json').send(value());
  app.ws('/push', (socket) => socket.send(value()));
  app.get('/value', (req, res) => answer(res));
  app.get('/wait', (req, res) => {
    if (number > Number(req.query.after)) answer(res);
    else waiting.push(res);
  });
  setInterval(() => {
    number += 1;
    changed = now();
    for (const client of getWss().clients) {
      if (client.readyState === client.OPEN) client.send(value());
    }
    for (const res of waiting.splice(0)) answer(res);
  }, 1000);
}

({echo, broadcast, http: hello, watch})[role]();
listen(http, port);
