"use strict";
// Puts what a worker finds in the draft into the page when it is there. Without scripts: load the page again.
const FIRST_PAUSE = 500, LONGEST_PAUSE = 10000; // milliseconds; each pause is half as long again as the one before

async function takeResult(place, pause) {
  const answer = await fetch(place.dataset.checking).catch(() => null); // a lost connection is tried again
  if (answer && (answer.redirected || answer.status === 403)) return; // signed out meanwhile
  const text = answer && answer.ok ? await answer.text() : null;
  if (text !== null && !text.includes("data-unfinished")) place.innerHTML = text;
  else lookLater(place, Math.min(pause * 1.5, LONGEST_PAUSE));
}

function lookLater(place, pause) {
  setTimeout(() => takeResult(place, pause), pause);
}

for (const place of document.querySelectorAll("[data-checking]")) {
  if (place.querySelector("[data-unfinished]")) lookLater(place, FIRST_PAUSE);
}
