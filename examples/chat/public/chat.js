import { Link } from '/common/link.js';

const element = (id) => document.getElementById(id);
const log = element('log');
const bytes = new TextEncoder();
const longestName = 40;

let link;
let room = decodeURIComponent(location.hash.slice(1)) || 'lobby';
let wanted = sessionStorage.getItem('chat.name') ?? '';
/** The name that the server gave: another may have had the wanted one. */
let me = '';
let members = [];
let rooms = [];

function make(tag, className, text = '') {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

function addToLog(item) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  log.append(item);
  while (log.children.length > 500) log.firstChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function addSaid({ name, text, time }) {
  const item = make('li', name === me ? 'said me' : 'said');
  const before = log.lastElementChild;
  if (before?.dataset.name === name) item.classList.add('goes-on');
  item.dataset.name = name;
  const at = new Date(time);
  const clock = make('time', '', at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
  clock.dateTime = at.toISOString();
  const who = make('span', 'who');
  who.append(make('span', '', name), clock);
  item.append(who, make('span', 'text', text));
  addToLog(item);
}

function showPeople() {
  element('count').textContent = `${members.length} here`;
  element('people').replaceChildren(...members.map((name) => {
    const item = make('li', name === me ? 'me' : '');
    item.dataset.initial = [...name][0].toUpperCase();
    item.append(make('span', '', name === me ? `${name} (you)` : name));
    return item;
  }));
}

function showRooms() {
  const known = new Map([['lobby', 0], [room, 0], ...rooms.map(({ name, members: count }) => [name, count])]);
  element('room').textContent = room;
  element('rooms').replaceChildren(...[...known].map(([name, count]) => {
    const button = make('button', '');
    button.append(make('span', '', name));
    button.dataset.members = count || '';
    if (name === room) button.setAttribute('aria-current', 'true');
    button.addEventListener('click', () => enter(name));
    const item = make('li', '');
    item.append(button);
    return item;
  }));
}

const hear = {
  welcome({ name, history }) {
    me = name;
    log.replaceChildren();
    for (const said of history) addSaid(said);
  },
  said: addSaid,
  joined(news) {
    members = news.members;
    showPeople();
    addToLog(make('li', 'event', news.name === me ? `You are in ${room}.` : `${news.name} came in.`));
  },
  left(news) {
    members = news.members;
    showPeople();
    addToLog(make('li', 'event', `${news.name} left.`));
  },
  rooms(news) {
    rooms = news.rooms;
    showRooms();
  },
};

/** Leaves the room it was in, and goes into `name`. */
function enter(name) {
  link?.close();
  room = name;
  history.replaceState(null, '', `#${encodeURIComponent(room)}`);
  showRooms();
  const here = new Link(`/rooms/${encodeURIComponent(room)}?name=${encodeURIComponent(wanted)}`, {
    message(data) {
      // What the socket of the last room still had to say is of no interest in this one.
      if (here !== link) return;
      const news = JSON.parse(data);
      hear[news.type]?.(news);
    },
    close() {
      if (here === link) addToLog(make('li', 'event', 'The connection was lost.'));
    },
  });
  link = here;
  element('message').focus();
}

function start() {
  element('join').hidden = true;
  element('chat').hidden = false;
  enter(room);
}

/** Keeps a name within what the server takes; one of four-byte characters is shorter. */
function fitted(text) {
  const characters = [...text.trim()];
  while (bytes.encode(characters.join('')).length > longestName) characters.pop();
  return characters.join('');
}

element('join').addEventListener('submit', (event) => {
  event.preventDefault();
  wanted = fitted(element('name').value);
  if (!wanted) return;
  sessionStorage.setItem('chat.name', wanted);
  start();
});

element('new-room').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = fitted(element('room-name').value);
  element('room-name').value = '';
  if (name && name !== room) enter(name);
});

element('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = element('message').value.trim();
  if (text && link.send(text)) element('message').value = '';
});

addEventListener('hashchange', () => {
  const name = decodeURIComponent(location.hash.slice(1)) || 'lobby';
  if (link && name !== room) enter(name);
});

if (wanted) start();
