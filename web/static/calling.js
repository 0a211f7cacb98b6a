// A call to a citizen: ask every second how far it is, until it is over; then leave the page to its form.
"use strict";

const ASK_MS = 1000;
const calling = document.getElementById("calling");

const phase = () => calling.querySelector("#phase");

function tick() {
  const time = calling.querySelector("time.tick");
  if (!time) return;
  const s = Math.max(0, Math.floor((Date.now() - Number(time.dataset.since)) / 1000));
  time.textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

async function ask() {
  try {
    const answer = await fetch(calling.dataset.live, { signal: AbortSignal.timeout(10000) });
    if (answer.redirected || answer.status === 401) { // logged out meanwhile
      window.location.reload();
      return;
    }
    if (answer.ok) {
      const next = document.createElement("div");
      next.innerHTML = await answer.text();
      const news = next.querySelector("#phase");
      if (news && news.dataset.phase !== phase().dataset.phase) {
        phase().replaceWith(news);
        const first = news.querySelector("select");
        if (first) first.focus();
      }
    }
  } catch { /* the next one may get through */ }
  tick();
  if (!("over" in phase().dataset)) setTimeout(ask, ASK_MS);
}

if (!("over" in phase().dataset)) setTimeout(ask, ASK_MS);
