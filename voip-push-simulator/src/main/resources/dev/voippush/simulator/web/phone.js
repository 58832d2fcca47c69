// SPDX-License-Identifier: Apache-2.0
// One phone of the page: its screen, its switches, and what it has received. Whatever comes from a
// push is only ever set as textContent.

import { clock, date, text, time, translate } from './texts.js';
import { entry, showEntries } from './entries.js';

const OVER_MILLIS = 4000; // how long the screen says why a call is over
const BANNER_MILLIS = 8000;
const MISSED_SHOWN = 20;
const BANNERS_SHOWN = 3;

export class PhoneCard {
  #root;
  #act;
  #phone;
  #lost = false;
  #over = null; // { call, until }
  #answeredAt = new Map(); // by call id
  #banners = []; // { id, callId, title, body, until }
  #bannersShown = '';

  /** @param act sends { path, body } to the simulator */
  constructor(phone, template, act) {
    this.#root = template.content.firstElementChild.cloneNode(true);
    this.#act = act;
    this.#root.dataset.number = phone.number;
    this.#listen();
    this.translate();
    this.update(phone, true);
  }

  get element() {
    return this.#root;
  }

  get phone() {
    return this.#phone;
  }

  /** The calls that ring now, the oldest first. */
  get ringing() {
    return this.#lost ? [] : this.#phone.calls.filter((call) => call.state === 'RINGING');
  }

  /** Those of them that sound: without CallKit a phone rings for a while after each alert. */
  get sounding() {
    return this.ringing.filter((call) => call.soundsUntil === null || Date.now() < call.soundsUntil);
  }

  /** Shows the phone as it is now; what is new is announced, unless the page has just begun. */
  update(phone, first = false) {
    const before = this.#phone;
    this.#phone = phone;
    this.#lost = false;
    const news = [];
    if (!first) {
      news.push(...this.#compare(before, phone));
    }
    for (const call of phone.calls) {
      if (call.state === 'ANSWERED' && !this.#answeredAt.has(call.callId)) {
        this.#answeredAt.set(call.callId, Date.now());
      }
    }
    this.#show();
    this.#showLists();
    return news;
  }

  /** The simulator is gone, and with it the phone. */
  lose() {
    this.#lost = true;
    this.#over = null;
    this.#banners = [];
    this.#show();
  }

  /** Time goes on: the timer of a call, the clock, what is shown for some seconds only. */
  tick() {
    const now = Date.now();
    if (this.#over && now >= this.#over.until) {
      this.#over = null;
      this.#show();
    }
    this.#banners = this.#banners.filter((banner) => now < banner.until || this.#rings(banner));
    this.#showBanners();
    this.#root.classList.toggle('is-ringing', this.sounding.length > 0);
    this.#showTime();
  }

  translate() {
    translate(this.#root);
    if (this.#phone) {
      this.#show();
      this.#find('pushes').replaceChildren(); // made anew in the other language
      this.#showLists();
    }
  }

  #find(testId) {
    return this.#root.querySelector(`[data-testid="${testId}"]`);
  }

  #listen() {
    const on = (testId, path, body) =>
      this.#find(testId).addEventListener('click', () =>
        this.#act(`/api/phones/${this.#phone.number}/${path}`, body()));
    on('answer', 'answer', () => ({ callId: this.#shownCall().callId }));
    on('decline', 'decline', () => ({ callId: this.#shownCall().callId }));
    on('hang-up', 'hang-up', () => ({ callId: this.#shownCall().callId }));
    on('airplane', 'online', () => ({ online: !this.#phone.online }));
    on('reports-calls', 'reports-calls', () => ({ reportsCalls: !this.#phone.reportsCalls }));
    on('app-open', 'app', () => ({ state: 'foreground' }));
    on('app-leave', 'app', () => ({ state: 'background' }));
    on('app-kill', 'app', () => ({ state: 'killed' }));
    on('rotate-token', 'rotate-token', () => ({}));
    on('unregister', 'unregister', () => ({}));
    on('forget-history', 'forget-history', () => ({}));
  }

  /** What happened between two moments, to be announced; shows why a call is over, and banners. */
  #compare(before, after) {
    const news = [];
    const known = new Map(before.calls.map((call) => [call.callId, call.state]));
    for (const call of after.calls) {
      const state = known.get(call.callId);
      if (state === call.state) {
        continue;
      }
      if (call.state === 'RINGING' && after.callKit) {
        const announcement = call.video ? 'announceVideo' : 'announceVoice';
        news.push(text(announcement, { caller: callerOf(call), phone: after.name }));
      } else if (call.state !== 'ANSWERED' && (state === 'RINGING' || state === 'ANSWERED')) {
        this.#over = { call, until: Date.now() + OVER_MILLIS };
        news.push(text('announceOver', { phone: after.name, what: outcome(call) }));
      }
    }
    for (const push of after.pushes.slice(countShared(before.pushes, after.pushes))) {
      const alert = push.verdict === 'NOTIFICATION' ? alertOf(push.payload) : null;
      if (alert) {
        const id = push.headers['apns-collapse-id'] ?? push.headers['apns-id'];
        const replaced = this.#banners.find((banner) => banner.id === id);
        this.#banners = [
          { ...alert, id, until: Date.now() + BANNER_MILLIS },
          ...this.#banners.filter((banner) => banner !== replaced),
        ].slice(0, BANNERS_SHOWN);
        if (alert.title !== replaced?.title || alert.body !== replaced?.body) {
          const what = `${alert.title} ${alert.body}`;
          news.push(text('announceOver', { phone: after.name, what }));
        }
      }
    }
    return news;
  }

  /** The call on the screen: one that rings goes before one that was answered. */
  #shownCall() {
    return this.#liveCalls()[0];
  }

  #liveCalls() {
    const answered = this.#phone.calls.filter((call) => call.state === 'ANSWERED');
    return [...this.ringing, ...(this.#lost ? [] : answered)];
  }

  #show() {
    const phone = this.#phone;
    const call = this.#shownCall();
    const view = this.#view(call);
    const screen = this.#find('screen');
    screen.dataset.screen = view;
    screen.setAttribute('aria-label', text('screenOf', { phone: phone.name }));
    this.#root.dataset.callState = call ? call.state : '';
    this.#root.classList.toggle('is-ringing', this.sounding.length > 0);
    this.#root.classList.toggle('is-offline', !phone.online);
    const part = { 'ringing': 'call', 'in-call': 'call' }[view] ?? view;
    for (const element of this.#root.querySelectorAll('[data-view]')) {
      element.hidden = element.dataset.view !== part;
    }
    const focused = this.#root.querySelector('.call-buttons').contains(document.activeElement);
    if (call) {
      this.#showCall(call);
    }
    if (focused) {
      this.#keepFocus();
    }
    if (view === 'over') {
      this.#root.querySelector('.over-caller').textContent = callerOf(this.#over.call);
      this.#find('over').textContent = outcome(this.#over.call);
    }
    this.#find('phone-title').textContent = phone.name;
    this.#find('screen-text').textContent = text(this.#screenText(view));
    this.#showRing();
    this.#showBadges();
    this.#showSwitch('airplane', !phone.online);
    this.#showSwitch('reports-calls', phone.reportsCalls);
    this.#find('reports-calls').hidden = !phone.callKit;
    this.#find('app-state').textContent =
      text({ killed: 'appStateKilled', background: 'appStateBackground' }[phone.appState]
        ?? 'appStateForeground');
    this.#find('app-open').disabled = phone.appState === 'foreground';
    this.#find('app-leave').disabled = phone.appState !== 'foreground';
    this.#find('app-kill').disabled = phone.appState === 'killed';
    this.#find('bundle-id').textContent = phone.bundleId;
    this.#find('voip-token').textContent = phone.token ?? text('noToken');
    this.#find('alert-token').textContent = phone.alertToken;
    this.#showBanners();
    this.#showTime();
  }

  #view(call) {
    if (this.#lost) {
      return 'lost';
    }
    if (call && call.state !== 'RINGING') {
      return 'in-call';
    }
    if (call && (this.#phone.callKit || this.#phone.appState === 'foreground')) {
      return 'ringing'; // otherwise the banner is all that is seen
    }
    if (this.#over) {
      return 'over';
    }
    return { killed: 'black', background: 'lock' }[this.#phone.appState] ?? 'app';
  }

  #screenText(view) {
    if (view !== 'ringing' && this.ringing.length > 0 && !this.#phone.callKit) {
      return 'screenAlert';
    }
    if (view === 'black' && !this.#phone.callKit) {
      return 'screenBlackAlerts';
    }
    return {
      'black': 'screenBlack',
      'lock': 'screenLock',
      'app': 'screenApp',
      'ringing': 'screenRinging',
      'in-call': 'screenInCall',
      'over': 'screenOver',
      'lost': 'goneShort',
    }[view];
  }

  #showCall(call) {
    const rings = call.state === 'RINGING';
    const names = { caller: callerOf(call), phone: this.#phone.name };
    const kind = rings ? 'incoming' : 'in';
    this.#find('kind').textContent = text(kind + (call.video ? 'Video' : 'Voice'));
    this.#find('caller').textContent = names.caller;
    this.#find('handle').textContent = call.handle;
    this.#root.querySelector('.initial').textContent = [...names.caller.trim()][0] ?? '?';
    this.#root.classList.toggle('is-video', call.video);
    this.#showButton('answer', rings, text('answerCall', names));
    this.#showButton('decline', rings, text('declineCall', names));
    this.#showButton('hang-up', !rings, text('hangUpCall', names));
    this.#find('timer').hidden = rings;
    this.#find('other-calls').replaceChildren(...this.#liveCalls().slice(1).map((other) => {
      const line = document.createElement('li');
      const what = other.state === 'RINGING' ? 'alsoRinging' : 'alsoInCall';
      line.textContent = text(what, { caller: callerOf(other) });
      return line;
    }));
  }

  /** The button that was pressed is gone: the next Tab shall not begin at the top of the page. */
  #keepFocus() {
    const button = document.activeElement;
    if (!this.#root.contains(button) || button.closest('[hidden]')) {
      const hangUp = this.#find('hang-up');
      (hangUp.closest('[hidden]') ? this.#find('screen') : hangUp).focus();
    }
  }

  #showButton(testId, shown, label) {
    const button = this.#find(testId);
    button.hidden = !shown;
    button.setAttribute('aria-label', label);
  }

  #showSwitch(testId, on) {
    this.#find(testId).setAttribute('aria-checked', String(on));
  }

  #showBadges() {
    const { user, sandbox, callKit } = this.#phone;
    const badges = [user, sandbox ? text('sandbox') : null, callKit ? null : text('noCallKit')];
    this.#find('badges').replaceChildren(...badges.filter(Boolean).map((badge) => {
      const item = document.createElement('li');
      item.textContent = badge;
      return item;
    }));
  }

  /** Whether the banner is that of a call that rings. */
  #rings(banner) {
    return this.ringing.some((call) => call.callId === banner.callId);
  }

  /** Leaves what is shown already as it is: a button in it may have the focus. */
  #showBanners() {
    const shown = JSON.stringify([
      text('answer'),
      this.#banners.map((banner) => [banner.id, banner.title, banner.body, this.#rings(banner)]),
    ]);
    if (shown !== this.#bannersShown) {
      this.#bannersShown = shown;
      this.#find('banners').replaceChildren(...this.#banners.map((banner) => this.#banner(banner)));
      this.#root.classList.toggle('has-banner', this.#banners.length > 0);
    }
  }

  #banner(banner) {
    const item = document.createElement('li');
    item.dataset.testid = 'banner';
    const head = document.createElement('b');
    head.textContent = banner.title;
    const rest = document.createElement('span');
    rest.textContent = banner.body;
    item.append(head, rest);
    if (this.#rings(banner)) {
      const buttons = document.createElement('div');
      buttons.className = 'banner-buttons';
      const names = { caller: banner.title, phone: this.#phone.name };
      for (const [does, label] of [['decline', 'declineCall'], ['answer', 'answerCall']]) {
        const button = document.createElement('button');
        button.type = 'button';
        button.dataset.testid = `banner-${does}`;
        button.textContent = text(does);
        button.setAttribute('aria-label', text(label, names));
        button.addEventListener('click', () =>
          this.#act(`/api/phones/${this.#phone.number}/${does}`, { callId: banner.callId }));
        buttons.append(button);
      }
      item.append(buttons);
    }
    return item;
  }

  /** How long the last call rang, and whether it was silent in between. */
  #showRing() {
    const rang = this.#phone.calls.filter((call) => call.rangMillis > 0).at(-1);
    const line = this.#find('ring-record');
    line.hidden = !rang;
    if (rang) {
      line.dataset.gapMillis = rang.gapMillis;
      line.textContent = text(rang.gapMillis > 0 ? 'rangWithGap' : 'rangWithoutGap', {
        seconds: (rang.rangMillis / 1000).toFixed(1),
        millis: rang.gapMillis,
      });
    }
  }

  #showTime() {
    const now = new Date();
    this.#root.querySelector('.status-time').textContent = clock(now);
    this.#root.querySelector('.big-clock').textContent = clock(now);
    this.#root.querySelector('.big-date').textContent = date(now);
    const call = this.#shownCall();
    if (call?.state === 'ANSWERED') {
      const seconds = Math.floor((now - this.#answeredAt.get(call.callId)) / 1000);
      this.#find('timer').textContent =
        `${pad(Math.floor(seconds / 60))}:${pad(seconds % 60)}`;
    }
  }

  #showLists() {
    const { calls, pushes } = this.#phone;
    const missed = calls.filter((call) => call.missed).reverse();
    this.#find('missed-count').textContent = text('missed', { count: missed.length });
    this.#find('no-missed').hidden = missed.length > 0;
    this.#find('missed-calls').replaceChildren(...missed.slice(0, MISSED_SHOWN).map((call) => {
      const line = document.createElement('li');
      line.dataset.testid = 'missed-call';
      line.textContent = `${time(call.startedAt)}  ${callerOf(call)}  ${call.handle}`;
      return line;
    }));
    this.#find('push-count').textContent = text('pushes', { count: pushes.length });
    this.#find('no-pushes').hidden = pushes.length > 0;
    showEntries(this.#find('pushes'), pushes, (push) =>
      entry({
        testId: 'push',
        time: push.receivedAt,
        what: text('verdict' + push.verdict),
        good: push.verdict === 'RANG' || push.verdict === 'NOTIFICATION',
        note: `${push.latencyMillis} ms`,
        verdict: `${text('verdict')}: ${push.verdict}. ${text('means' + push.verdict)}`,
        explanation: `${push.explanation}. ${text('latency', { millis: push.latencyMillis })}`,
        headers: push.headers,
        payload: push.payload,
      }));
  }
}

/** What a caller is called who may have no name. */
export function callerOf(call) {
  return call.callerName || call.handle || text('noName');
}

/** How a call stands or ended, in words. */
export function outcome(call) {
  return text(call.missed ? 'stateMissed' : 'state' + call.state);
}

/** How many of the first pushes of the list after were in the one before, which may have lost some. */
function countShared(before, after) {
  if (after.length === 0 || before.length === 0) {
    return 0;
  }
  const same = (a, b) => a.receivedAt === b.receivedAt && a.headers['apns-id'] === b.headers['apns-id'];
  for (let lost = 0; lost < before.length; lost++) {
    if (same(before[lost], after[0])) {
      return before.length - lost;
    }
  }
  return 0;
}

/** The alert in a payload, and the call that it is about; null if it has none. */
function alertOf(payload) {
  let object;
  try {
    object = JSON.parse(payload);
  } catch {
    return null;
  }
  const alert = object?.aps?.alert;
  const callId = String(object?.callId ?? object?.id ?? object?.uuid ?? '').toLowerCase();
  if (typeof alert === 'string') {
    return { callId, title: alert, body: '' };
  }
  return alert && typeof alert === 'object'
    ? { callId, title: String(alert.title ?? ''), body: String(alert.body ?? '') }
    : null;
}

function pad(number) {
  return String(number).padStart(2, '0');
}
