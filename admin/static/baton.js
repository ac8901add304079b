"use strict";
// Asks before what cannot be undone. Everything else works without scripts.
document.addEventListener("submit", (event) => {
  const asker = event.submitter && event.submitter.dataset.confirm ? event.submitter : event.target;
  const question = asker.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});
