"use strict";
// Sends a form that goes on with work of many steps as soon as the page is there. Without scripts: press its button.
for (const form of document.querySelectorAll("[data-going-on]")) form.requestSubmit();
