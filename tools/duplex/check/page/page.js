'use strict';

const report = JSON.parse(document.getElementById('data').textContent);
const verdicts = ['pass', 'non-strict', 'info', 'FAIL', 'not run'];
const byId = (id) => document.getElementById(id);
const classOf = (verdict) => verdict.toLowerCase().replace(' ', '-');
const shown = new Set(verdicts);

/** An element with a class, attributes and children: elements or text. */
function make(tag, className, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function countOf(cases) {
  const count = Object.fromEntries(verdicts.map((verdict) => [verdict, 0]));
  for (const each of cases) count[each.verdict]++;
  return count;
}

/** The values of `key` in the order in which they first come, each with its cases. */
function groupBy(cases, key) {
  const groups = new Map();
  for (const each of cases) {
    const name = key(each);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(each);
  }
  return groups;
}

/** "RFC 6455 §5.4, §5.5" with a link on each section. What is of no RFC stays as it is. */
function linked(section) {
  if (!section.startsWith('RFC ')) return [section];
  const parts = [];
  let document;
  for (const part of section.split(', ')) {
    const rfc = part.match(/RFC (\d+)/);
    if (rfc) document = rfc[1];
    const number = part.match(/§([\d.]+)/);
    if (parts.length) parts.push(', ');
    const href = `https://www.rfc-editor.org/rfc/rfc${document}${number ? `#section-${number[1]}` : ''}`;
    parts.push(make('a', '', { href, target: '_blank', rel: 'noopener' }, part));
  }
  return parts;
}

function details(each) {
  const list = make('dl', 'more');
  const line = (name, ...value) => list.append(make('dt', '', {}, name), make('dd', '', {}, ...value));
  if (each.why) line('why', each.why);
  line('rule', ...linked(each.section));
  for (const name of ['sent', 'expected', 'got']) {
    if (each[name]) line(name, make('span', 'bytes', {}, each[name]));
  }
  if (each.milliseconds) line('took', `${each.milliseconds.toFixed(each.milliseconds < 10 ? 1 : 0)} ms`);
  return list;
}

function row(each) {
  const name = classOf(each.verdict);
  const element = make('details', `case ${name}`, { id: `case-${each.id}` },
    make('summary', '', {},
      make('span', 'verdict', {}, each.verdict.toLowerCase()),
      make('span', 'id', {}, each.id),
      make('span', 'title', {}, each.title),
      make('span', 'level', {}, each.level)));
  // Filled when it is first opened.
  element.addEventListener('toggle', () => element.append(details(each)), { once: true });
  return element;
}

function score(cases) {
  const count = countOf(cases);
  const run = cases.length - count['not run'];
  const element = make('span', 'score', {}, run === 0 ? 'not run' : `${count.pass} of ${run}`);
  for (const verdict of ['FAIL', 'non-strict']) {
    if (count[verdict] === 0) continue;
    element.append(' · ', make('b', classOf(verdict), {}, `${count[verdict]} ${verdict.toLowerCase()}`));
  }
  return element;
}

function family(name, cases, openAll) {
  const number = cases[0].id.split('.')[0];
  const element = make('details', 'family', { id: `family-${number}` },
    make('summary', '', {},
      make('span', 'name', {}, make('i', '', {}, number), name),
      make('span', 'tiles', { 'aria-hidden': 'true' }, ...cases.map((each) =>
        make('span', `tile ${classOf(each.verdict)}`, { title: `${each.id} ${each.title}: ${each.verdict.toLowerCase()}` }))),
      score(cases)));
  const body = make('div');
  element.append(body);
  const fill = () => {
    for (const members of groupBy(cases, (each) => each.id.replace(/\.\d+$/, '')).values()) {
      body.append(
        make('h3', 'group', {}, `${members[0].group} `, make('span', '', {}, ...linked(members[0].rule))),
        make('div', 'cases', {}, ...members.map(row)));
    }
  };
  element.addEventListener('toggle', fill, { once: true });
  if (openAll) element.open = true;
  return element;
}

function isMeant(each, words) {
  const text = `${each.id} ${each.title} ${each.group} ${each.section} ${each.why} ${each.level}`.toLowerCase();
  return words.every((word) => (/^\d[\d.]*$/.test(word) ? `${each.id}.`.startsWith(`${word.replace(/\.$/, '')}.`) : text.includes(word)));
}

function show() {
  const words = byId('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const cases = report.cases.filter((each) => shown.has(each.verdict) && isMeant(each, words));
  const families = [...groupBy(cases, (each) => each.family)];
  const isFiltered = words.length > 0 || shown.size < verdicts.length;
  byId('families').replaceChildren(...families.map(([name, members]) =>
    family(name, members, isFiltered && cases.length <= 80)));
  byId('none').hidden = cases.length > 0;
}

function addChips() {
  for (const verdict of verdicts) {
    const chip = make('button', `chip ${classOf(verdict)}`, { type: 'button', 'aria-pressed': 'true' },
      make('span', 'dot'), verdict.toLowerCase(), make('b', '', {}, String(report.count[verdict])));
    chip.disabled = report.count[verdict] === 0;
    // The first click shows one verdict alone, the next add others; without any all are back.
    chip.addEventListener('click', () => {
      if (shown.size === verdicts.length) shown.clear();
      if (!shown.delete(verdict)) shown.add(verdict);
      if (shown.size === 0) verdicts.forEach((each) => shown.add(each));
      for (const [i, each] of [...byId('chips').children].entries()) {
        each.setAttribute('aria-pressed', String(shown.has(verdicts[i])));
      }
      show();
    });
    byId('chips').append(chip);
  }
}

function addHead() {
  document.title = `${report.subject}: conformance`;
  byId('kicker').textContent = report.role === 'server' ? 'A WebSocket server asked' : 'A WebSocket client asked';
  byId('subject').textContent = report.subject;
  const run = report.cases.length - report.count['not run'];
  byId('facts').textContent = `${run} cases of RFC 6455 and RFC 7692 · ${report.date}`;
  if (report.remark) {
    byId('remark').textContent = report.remark;
    byId('remark').hidden = false;
  }
  let from = 0;
  const parts = verdicts.map((verdict) => {
    const to = from + (360 * report.count[verdict]) / Math.max(1, report.cases.length);
    const part = `var(--${classOf(verdict)}) ${from}deg ${to}deg`;
    from = to;
    return part;
  });
  const dial = byId('dial');
  dial.style.background = `conic-gradient(${parts.join(', ')})`;
  const failed = report.count.FAIL;
  dial.append(make('span', '', {}, String(failed === 0 ? report.count.pass : failed),
    make('small', '', {}, failed === 0 ? 'passed' : 'failed')));
  dial.setAttribute('aria-label', verdicts.map((verdict) => `${report.count[verdict]} ${verdict}`).join(', '));
}

addHead();
addChips();
byId('search').addEventListener('input', show);
show();
