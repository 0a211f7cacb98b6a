// Small helps for every page: ask before what cannot be undone, close the account menu.
"use strict";

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

const menu = document.querySelector("details.me");
if (menu) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

// A form that must not be sent twice (the server would make one call of it anyway).
document.addEventListener("submit", (event) => {
  if ("once" in event.target.dataset && !event.defaultPrevented) {
    for (const button of event.target.querySelectorAll("button")) button.disabled = true;
  }
});

// What is typed into a form is kept on the server while one leaves a field, pauses or goes away: nothing typed is lost.
const keep = document.body.dataset.drafts;
const AGAIN_MS = 1100; // the server takes one a second of a form
const PAUSE_MS = 3000;

function draft(form, leaving) {
  const state = form.draft;
  if (!state || !state.dirty) return;
  const wait = state.sent + AGAIN_MS - Date.now();
  clearTimeout(state.timer);
  if (wait > 0 && !leaving) {
    state.timer = setTimeout(draft, wait, form);
    return;
  }
  const data = new FormData(form);
  data.set("draft", form.dataset.draft);
  for (const secret of form.querySelectorAll("[data-secret]")) data.delete(secret.name);
  if (navigator.sendBeacon(keep, data)) {
    state.dirty = false;
    state.sent = Date.now();
  }
}

if (keep && "sendBeacon" in navigator) {
  for (const form of document.querySelectorAll("form[data-draft]")) {
    form.draft = { dirty: false, sent: 0, timer: 0 };
    form.addEventListener("input", () => {
      form.draft.dirty = true;
      clearTimeout(form.draft.timer);
      form.draft.timer = setTimeout(draft, PAUSE_MS, form);
    });
    form.addEventListener("focusout", () => draft(form));
    form.addEventListener("submit", () => { // saved now, or it comes back filled
      clearTimeout(form.draft.timer);
      form.draft.dirty = false;
    });
  }
  const leave = () => document.querySelectorAll("form[data-draft]").forEach((form) => draft(form, true));
  window.addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); });
}
