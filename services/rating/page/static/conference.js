// The big screen: what moves is told as it arrives, the places leaf through by themselves.

import { announce, hear } from "./announce.js";
import { follow } from "./feed.js";
import { paintMovers } from "./movers.js";
import { arrange, byStanding } from "./order.js";
import { mark, paint, paintCounts, paintHead, paintTile, partsOf } from "./paint.js";
import { localised, moscowClock, periodInWords, signed, t } from "./words.js";

const PAGE_MS = 10_000;
const EVENTS = 12;

const list = document.querySelector("[data-lines]");
const blank = document.querySelector("template").content.querySelector("li");
const events = document.querySelector("[data-events]");
const quiet = document.querySelector("[data-quiet]");
const where = document.querySelector("[data-page]");
const pause = document.querySelector('[data-press="pause"]');
const full = document.querySelector('[data-press="full"]');
const stillness = matchMedia("(prefers-reduced-motion: reduce)");

const lines = new Map(); // region → {row, element, parts}
let period = document.body.dataset.period;
let page = 0;
let paused = stillness.matches;

// --- Taking news in

function show(boards) {
  for (const board of boards) {
    const anew = board.period !== period;
    if (anew) openPeriod(board.period);
    for (const row of board.items) take(localised(row), anew, board.as_of);
  }
  paintHead("period", periodInWords(boards.at(-1).period));
  const rows = [...lines.values()].map(({ row }) => row);
  paintCounts(rows);
  paintMovers(rows);
  const wanted = [...lines.values()].sort((a, b) => byStanding(a.row, b.row));
  arrange(list, wanted.map((line) => line.element), { animate: false });
  leaf(page);
  announce();
}

function openPeriod(name) {
  period = name;
  events.replaceChildren();
  quiet.hidden = false;
}

function take(row, anew, asOf) {
  paintTile(row);
  const line = lines.get(row.region) ?? add(row, list.appendChild(blank.cloneNode(true)));
  const before = line.row;
  line.row = row;
  paint(line.parts, row, true);
  if (anew || !differs(before, row)) return;
  hear(before, row);
  tell(before, row, asOf);
}

function add(row, element) {
  const line = { row, element, parts: partsOf(element) };
  lines.set(row.region, line);
  return line;
}

const differs = (before, row) =>
  before.stabilised_bp !== row.stabilised_bp ||
  before.provisional !== row.provisional ||
  before.debts !== row.debts;

// --- Who moved, from where to where, and by what

function tell(before, row, asOf) {
  const change = (row.stabilised_bp ?? 0) - (before.stabilised_bp ?? 0);
  const item = document.createElement("li");
  const by = piece("b", "by", change ? signed(change) : "");
  by.dataset.way = change > 0 ? "up" : change < 0 ? "down" : "same";
  item.append(
    by,
    piece("span", "who", row.short_name),
    document.createElement("br"),
    piece("span", "what", [moscowClock(asOf), cause(before, row, change), places(before, row)].join(" · ")),
  );
  events.prepend(item);
  mark(item);
  while (events.children.length > EVENTS) events.lastElementChild.remove();
  quiet.hidden = true;
}

function piece(tag, name, text) {
  const part = document.createElement(tag);
  part.className = name;
  part.textContent = text;
  return part;
}

// The stream tells sums and not acts: what they changed by says which act it was.
function cause(before, row, change) {
  const waiting = row.provisional - before.provisional;
  if (waiting > 0) return t("script.event.handed_in");
  if (waiting < 0) return t(change < 0 ? "script.event.returned" : "script.event.accepted");
  return t(row.debts > before.debts ? "script.event.debt" : "script.event.changed");
}

function places(before, row) {
  if (row.place === null) return t("zone.none");
  if (before.place === null || before.place === row.place) {
    return t("script.event.place", { place: row.place });
  }
  return t("script.event.places", { before: before.place, after: row.place });
}

// --- Leafing through the places

function perPage() {
  const room = innerHeight * 0.4;
  const height = list.querySelector("li:not([hidden])")?.offsetHeight || 40;
  return Math.max(5, Math.floor(room / height));
}

function leaf(wanted) {
  const elements = [...list.children];
  if (!elements.length) return;
  const size = perPage();
  page = wanted % Math.ceil(elements.length / size);
  const first = page * size;
  elements.forEach((element, index) => {
    element.hidden = index < first || index >= first + size;
  });
  const last = Math.min(first + size, elements.length);
  where.textContent = t("script.conference.page", { first: first + 1, last, total: elements.length });
}

function press() {
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = t(paused ? "script.conference.play" : "script.conference.pause");
}

// --- A screen that stays on, where the browser lets it

async function stayAwake() {
  if (document.hidden || !navigator.wakeLock) return;
  try {
    await navigator.wakeLock.request("screen");
  } catch (error) {
    if (error.name !== "NotAllowedError") throw error; // a low battery refuses it
  }
}

for (const element of list.children) add(JSON.parse(element.dataset.row), element);
document.querySelector(".controls").hidden = false;
full.hidden = !document.fullscreenEnabled;
full.addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
});
pause.addEventListener("click", () => {
  paused = !paused;
  press();
});
press();
leaf(0);
setInterval(() => paused || leaf(page + 1), PAGE_MS);
addEventListener("resize", () => leaf(page));
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
follow(show);
