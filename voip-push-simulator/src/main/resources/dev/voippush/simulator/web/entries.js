// SPDX-License-Identifier: Apache-2.0
// Lists of pushes, the newest first, each with its details to be opened.

import { time, translate } from './texts.js';

/**
 * Shows the values in a list. Those that it shows already stay as they are, so that open details
 * stay open.
 */
export function showEntries(list, values, make) {
  const keys = values.map((value) => JSON.stringify(value));
  const wanted = new Set(keys);
  const shown = new Map();
  for (const item of [...list.children]) {
    if (wanted.has(item.entryKey)) {
      shown.set(item.entryKey, item);
    } else {
      item.remove();
    }
  }
  values.forEach((value, i) => {
    if (!shown.has(keys[i])) {
      const item = make(value);
      item.entryKey = keys[i];
      shown.set(keys[i], item);
      list.prepend(item);
    }
  });
}

/** One line with details: { testId, time, what, good, note, verdict, explanation, headers, payload } */
export function entry(push) {
  const template = document.getElementById('entry-template');
  const item = template.content.firstElementChild.cloneNode(true);
  const find = (name) => item.querySelector('.entry-' + name);
  translate(item);
  item.dataset.testid = push.testId;
  find('time').textContent = time(push.time);
  find('what').textContent = push.what;
  item.classList.toggle('good', push.good);
  find('note').textContent = push.note;
  find('verdict').textContent = push.verdict;
  find('explanation').textContent = push.explanation;
  for (const [name, value] of Object.entries(push.headers)) {
    const term = document.createElement('dt');
    term.textContent = name;
    const description = document.createElement('dd');
    description.textContent = value;
    find('headers').append(term, description);
  }
  find('payload').textContent = readable(push.payload);
  return item;
}

/** JSON on several lines; anything else as it is. */
function readable(payload) {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return payload;
  }
}
