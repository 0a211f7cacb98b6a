// The live board: fetch its regions when the server says there is something new, and every 15 s for what only time
// changes; without such a stream every 3 s; every 60 s while nobody looks. A region is replaced only when it says
// something new, and the keyboard focus is put back where it was.
"use strict";

const SEEN_MS = 3000;
const HIDDEN_MS = 60000;
const TOLD_MS = 15000; // while a stream tells
const AFTER_NEWS_MS = 1000; // after news, at the earliest
const board = document.getElementById("board");
const fresh = document.getElementById("fresh");
const freshText = document.getElementById("fresh-text");
let ahead = Number(board.dataset.now) - Date.now(); // the server's clock minus ours
let timer = 0;
let asking = false;
let told = false; // does a stream tell?
let asked = 0;
let news = 0;

const two = (n) => String(n).padStart(2, "0");

function counter(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const [h, m] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60)];
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

function tick() {
  const now = Date.now() + ahead;
  for (const time of board.querySelectorAll("time.tick")) {
    time.textContent = counter(now - Number(time.dataset.since));
  }
}

// What a region says, without the running times and with what is opened left aside.
function said(root) {
  const copy = root.cloneNode(true);
  for (const time of copy.querySelectorAll("time.tick")) time.textContent = "";
  for (const open of copy.querySelectorAll("details[open]")) open.removeAttribute("open");
  return copy.innerHTML.replace(/\s+/g, " ").trim();
}

function replace(region, html) {
  const next = document.createElement("section");
  next.innerHTML = html;
  if (said(region) === said(next)) return;
  const focus = region.contains(document.activeElement) ? document.activeElement : null;
  const summaries = [...region.querySelectorAll("summary")];
  const opened = summaries.map((summary) => summary.parentElement.open);
  const place = summaries.indexOf(focus);
  region.replaceChildren(...next.childNodes);
  const fresher = [...region.querySelectorAll("summary")];
  if (fresher.length === summaries.length) {
    fresher.forEach((summary, i) => { summary.parentElement.open = opened[i]; });
  }
  if (!focus) return;
  const again = (focus.id && document.getElementById(focus.id)) || fresher[place];
  if (again) {
    again.focus({ preventScroll: true });
  } else { // what had the focus is gone: stay in the region, not at the top of the page
    region.tabIndex = -1;
    region.focus({ preventScroll: true });
  }
}

function say(lost) {
  fresh.classList.toggle("lost", lost);
  const text = lost ? fresh.dataset.lost : fresh.dataset.ok;
  if (freshText.textContent !== text) freshText.textContent = text;
}

async function ask() {
  if (asking) return;
  asking = true;
  asked = Date.now();
  clearTimeout(timer);
  clearTimeout(news);
  news = 0;
  try {
    const answer = await fetch(board.dataset.live, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10000) });
    if (answer.status === 401) {
      window.location.assign(`${board.dataset.logIn}?next=${encodeURIComponent(window.location.pathname)}`);
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const fresher = await answer.json();
    ahead = fresher.now - Date.now();
    for (const [name, html] of Object.entries(fresher.regions)) {
      const region = board.querySelector(`[data-region="${name}"]`);
      if (region) replace(region, html);
    }
    tick();
    say(false);
  } catch {
    say(true);
  } finally {
    asking = false;
  }
  timer = setTimeout(ask, document.hidden ? HIDDEN_MS : told ? TOLD_MS : SEEN_MS);
}

// One stream for all pages of this browser (news.js); where that cannot be, the board asks as often as it must.
function listen() {
  if (!("SharedWorker" in window)) return;
  const { port } = new SharedWorker(board.dataset.worker);
  port.addEventListener("message", ({ data }) => {
    const before = told;
    told = data === "open" || data === "news";
    if (data === "news" && !document.hidden && !news) {
      news = setTimeout(ask, Math.max(0, asked + AFTER_NEWS_MS - Date.now()));
    }
    if (before && !told) ask(); // the answer says whether somebody is still logged in
    if (data === "over") setTimeout(() => port.postMessage({ listen: board.dataset.events }), SEEN_MS);
  });
  port.start();
  port.postMessage({ listen: board.dataset.events });
  window.addEventListener("pagehide", () => port.postMessage({ leave: true }));
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.hidden) timer = setTimeout(ask, HIDDEN_MS);
  else ask();
});
setInterval(tick, 1000);
timer = setTimeout(ask, SEEN_MS);
listen();
