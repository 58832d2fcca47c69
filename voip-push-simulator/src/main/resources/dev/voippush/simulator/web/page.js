// SPDX-License-Identifier: Apache-2.0
// The page: hears from the simulator what happens, and shows its phones.

import { Ringer } from './ringer.js';
import { PhoneCard, callerOf, outcome } from './phone.js';
import { entry, showEntries } from './entries.js';
import { chooseLanguage, currentLanguage, text, time, translate } from './texts.js';

const REQUESTS_KEPT = 50;
const CALLS_SHOWN = 10;
const RECONNECT_MILLIS = 1000;
const ANNOUNCED_AFTER_MILLIS = 150;
const SILENCE_MILLIS = 40_000; // the simulator says something each 15 s

const find = (testId) => document.querySelector(`[data-testid="${testId}"]`);
const cards = new Map(); // by number
const failures = new Map(); // { time, messages } by call id
let facts = {};
let requests = [];
let connected = null; // null: not yet
let events = null;
let heardAt = 0;
let flash = 0; // the timer of the title
let calling = ''; // what the title says every other second
let unsaid = [];

const ringer = new Ringer(showSound);
window.ringer = {
  level: () => ringer.level(),
  silence: () => ringer.silence(),
  state: () => ringer.state(),
  vibrates: () => ringer.vibrates(),
};

listen();
showLanguage();
connect();
setInterval(tick, 500);

// What the simulator says

function connect() {
  events = new EventSource('/api/events');
  heardAt = performance.now();
  hear('state', showState);
  hear('phone', showPhone);
  hear('request', showRequest);
  hear('failure', showFailure);
  hear('beat', () => {});
  events.addEventListener('error', reconnect); // a browser's own attempts end after some errors
}

function hear(name, show) {
  events.addEventListener(name, (event) => {
    heardAt = performance.now();
    show(JSON.parse(event.data));
  });
}

function reconnect() {
  events.close();
  lose();
  heardAt = Infinity;
  setTimeout(connect, RECONNECT_MILLIS);
}

function tick() {
  if (performance.now() - heardAt > SILENCE_MILLIS) {
    reconnect(); // the simulator stands still: nothing may ring for ever
  }
  cards.forEach((card) => card.tick());
  ring(); // an alert sounds for a while only
}

function showState(state) {
  facts = state;
  requests = state.requests;
  const numbers = new Set(state.phones.map((phone) => phone.number));
  for (const [number, card] of cards) {
    // After a restart the same number is another phone.
    const now = state.phones.find((phone) => phone.number === number);
    if (!numbers.has(number) || now.alertToken !== card.phone.alertToken) {
      card.element.remove();
      cards.delete(number);
    }
  }
  connected = true;
  state.phones.forEach((phone) => putPhone(phone));
  showAll();
}

function showPhone(phone) {
  putPhone(phone);
  showAll();
}

function showRequest(request) {
  requests = [...requests, request].slice(-REQUESTS_KEPT);
  showAnswers();
  showCalls();
}

function showFailure({ callId, error }) {
  const { time: since, messages } = failures.get(callId) ?? { time: Date.now(), messages: [] };
  failures.set(callId, { time: since, messages: [...messages, error] });
  showCalls();
}

function lose() {
  connected = false;
  cards.forEach((card) => card.lose());
  showAll();
}

function putPhone(phone) {
  const card = cards.get(phone.number);
  if (card) {
    announce(card.update(phone));
    return;
  }
  const added = new PhoneCard(phone, document.getElementById('phone-template'), act);
  cards.set(phone.number, added);
  find('phones').append(added.element);
}

/** Has screen readers say it; what happens on several phones at once is said together. */
function announce(news) {
  if (news.length === 0) {
    return;
  }
  if (unsaid.length === 0) {
    setTimeout(() => {
      find('announcement').textContent = unsaid.join('. ');
      unsaid = [];
    }, ANNOUNCED_AFTER_MILLIS);
  }
  unsaid.push(...news);
}

// What the page shows

function showAll() {
  showConnection();
  showCallees();
  showCalls();
  showAnswers();
  ring();
  find('no-phones').hidden = !connected || cards.size > 0;
  for (const element of document.querySelectorAll('[data-fact]')) {
    element.textContent = facts[element.dataset.fact] ?? '';
  }
}

/** Rings as long as a phone rings, and not a moment longer. */
function ring() {
  const ringing = [...cards.values()].flatMap((card) => card.sounding);
  if (ringing.length === 0) {
    ringer.stop();
    clearInterval(flash);
    flash = 0;
    document.title = text('title');
    return;
  }
  ringer.start();
  calling = text('titleRinging', { caller: callerOf(ringing[0]) });
  if (!flash) {
    document.title = calling;
    flash = setInterval(() => {
      document.title = document.title === text('title') ? calling : text('title');
    }, 1000);
  }
}

function showConnection() {
  const words = connected === null ? 'connecting' : connected ? 'connected' : 'gone';
  const status = find('connection');
  say(status, connected === false ? '' : text(words));
  status.dataset.connected = String(connected);
  const gone = find('gone');
  gone.hidden = connected !== false;
  say(gone, connected === false ? text('gone') : '');
}

/** Screen readers speak what is written here, also if it is what stood there before. */
function say(element, words) {
  if (element.textContent !== words) {
    element.textContent = words;
  }
}

function showSound() {
  const sound = ringer.sound();
  const button = find('sound');
  button.hidden = sound === 'none';
  button.textContent = text(sound === 'on' ? 'soundOff' : 'soundOn');
  button.dataset.sound = sound;
  document.body.dataset.ringer = ringer.state();
  say(find('sound-state'), text(
    { on: 'soundIsOn', off: 'soundIsOff', blocked: 'soundIsBlocked' }[sound] ?? 'soundIsMissing'));
}

/** Whom one can call: all, a user, a phone. */
function showCallees() {
  const phones = [...cards.values()].map((card) => card.phone);
  const users = [...new Set(phones.map((phone) => phone.user).filter(Boolean))];
  const choices = [
    { value: '{}', label: text('toAll') },
    ...users.map((user) => ({ value: JSON.stringify({ user }), label: text('toUser', { user }) })),
    ...phones.map(({ name, number }) => (
      { value: JSON.stringify({ phones: [number] }), label: name })),
  ];
  const select = find('call-to');
  const wanted = JSON.stringify(choices);
  if (select.dataset.choices === wanted) {
    return; // somebody may have it open
  }
  const chosen = select.value;
  select.dataset.choices = wanted;
  select.replaceChildren(...choices.map(({ value, label }) => new Option(label, value)));
  if (choices.some(({ value }) => value === chosen)) {
    select.value = chosen;
  }
}

function showAnswers() {
  find('no-answers').hidden = requests.length > 0;
  showEntries(find('answers'), requests, (request) =>
    entry({
      testId: 'answer-of-apns',
      time: request.time,
      what: answerOf(request),
      good: request.status === 200,
      note: phoneName(request.token),
      verdict: '',
      explanation: request.topic,
      headers: request.headers,
      payload: request.payload,
    }));
}

function answerOf({ status, reason }) {
  if (status === 200) {
    return text('accepted');
  }
  return status === 0 ? text('unanswered', { reason }) : `${status} ${reason}`;
}

function phoneName(token) {
  for (const { phone } of cards.values()) {
    if (token && (phone.token === token || phone.alertToken === token)) {
      return phone.name;
    }
  }
  return text('unknownToken');
}

/** The last calls, as the pushes and the phones tell of them. */
function showCalls() {
  const list = find('calls');
  const calls = lastCalls();
  find('no-calls').hidden = calls.length > 0;
  const shown = new Map([...list.children].map((item) => [item.dataset.callId, item]));
  const items = calls.map((call) => {
    const item = shown.get(call.callId) ?? newCall(call);
    showCall(item, call);
    return item;
  });
  if (items.length !== list.children.length || items.some((item, i) => item !== list.children[i])) {
    list.replaceChildren(...items);
  }
}

function newCall(call) {
  const item = document.getElementById('call-template').content.firstElementChild.cloneNode(true);
  item.dataset.callId = call.callId;
  item.querySelector('button').addEventListener('click', () =>
    act(`/api/calls/${call.callId}/end`, {}));
  return item;
}

function showCall(item, call) {
  translate(item);
  const caller = callerOf(call);
  item.querySelector('.call-caller').textContent = caller;
  item.querySelector('.call-kind').textContent = text(call.video ? 'video' : 'voice');
  item.querySelector('.call-time').textContent = time(call.startedAt);
  const states = call.states.map(({ phone, call: one }) => `${phone}: ${outcome(one)}`);
  const state = item.querySelector('.call-state');
  state.textContent = states.length > 0
    ? states.join(' · ')
    : text(call.accepted ? 'acceptedOnly' : call.faults.length > 0 ? 'notDelivered' : 'onTheWay');
  item.querySelector('.call-faults').replaceChildren(...call.faults.map((fault) => {
    const line = document.createElement('li');
    line.dataset.testid = 'call-fault';
    line.textContent = fault;
    return line;
  }));
  const button = item.querySelector('button');
  button.hidden = !connected
    || !call.states.some(({ call: one }) => one.state === 'RINGING' || one.state === 'ANSWERED');
  button.setAttribute('aria-label', text('endCallOf', { caller }));
}

function lastCalls() {
  const calls = new Map();
  const put = (callId, callerName, handle, video, startedAt) => {
    const call = calls.get(callId)
      ?? { callId, callerName, handle, video, startedAt, states: [], faults: [], accepted: false };
    calls.set(callId, call);
    call.startedAt = Math.min(call.startedAt, startedAt);
    return call;
  };
  for (const { phone } of cards.values()) {
    for (const call of phone.calls) {
      put(call.callId, call.callerName, call.handle, call.video, call.startedAt)
        .states.push({ phone: phone.name, call });
    }
  }
  for (const request of requests) {
    const push = callOf(request.payload);
    if (!push) {
      continue;
    }
    const call = put(push.callId, push.callerName, push.handle, push.video, request.time);
    if (request.status === 200) {
      call.accepted = true;
    } else {
      const phone = phoneName(request.token);
      call.faults.push(request.status === 0
        ? text('pushUnanswered', { phone, reason: request.reason })
        : text('pushRejected', { phone, answer: answerOf(request) }));
    }
  }
  for (const [callId, { time: since, messages }] of failures) {
    put(callId, '', '', false, since).faults.push(...messages);
  }
  return [...calls.values()].sort((a, b) => b.startedAt - a.startedAt).slice(0, CALLS_SHOWN);
}

/** The call in a payload of the simulator's own format, or null. */
function callOf(payload) {
  try {
    const { callId, callerName, handle, video } = JSON.parse(payload);
    return typeof callId === 'string'
      ? {
        callId: callId.toLowerCase(),
        callerName: String(callerName ?? ''),
        handle: String(handle ?? ''),
        video: video === true,
      }
      : null;
  } catch {
    return null;
  }
}

// What the user does

/** Sends a request, and says what went wrong with it. */
async function act(path, body) {
  const failure = find('failure');
  let error;
  try {
    const answer = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    error = answer.ok ? '' : (await answer.json()).error;
  } catch (e) {
    error = e.message;
  }
  failure.hidden = !error;
  failure.textContent = error ? text('failed', { error }) : '';
  return !error;
}

function listen() {
  find('sound').addEventListener('click', () => ringer.switchSound(ringer.sound() !== 'on'));
  for (const kind of ['click', 'keydown']) {
    document.addEventListener(kind, (event) => {
      if (event.target !== find('sound')) {
        ringer.unblock();
      }
    });
  }
  for (const button of document.querySelectorAll('[data-language]')) {
    button.addEventListener('click', () => {
      chooseLanguage(button.dataset.language);
      showLanguage();
    });
  }
  find('call-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    act('/api/calls', {
      callerName: form.get('callerName'),
      handle: form.get('handle'),
      video: form.get('video') === 'true',
      ringSeconds: Number(form.get('ringSeconds')),
      ...JSON.parse(form.get('to')),
    });
  });
  find('phone-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const added = await act('/api/phones', {
      name: form.get('name') || null,
      user: form.get('user') || null,
      sandbox: form.has('sandbox'),
      callKit: !form.has('withoutCallKit'),
    });
    if (added) {
      event.target.reset();
    }
  });
}

function showLanguage() {
  const language = currentLanguage();
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  translate(document);
  for (const button of document.querySelectorAll('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.dataset.language === language));
  }
  const caller = find('caller-name');
  if (caller.value === caller.defaultValue) {
    caller.defaultValue = text('callerDefault');
    caller.value = caller.defaultValue;
  }
  cards.forEach((card) => card.translate());
  find('answers').replaceChildren();
  showSound();
  showAll();
}
