// Keeps the served board live: changed rows and tiles are repainted and moved in place.

import { announce, forget, hear } from "./announce.js";
import { follow } from "./feed.js";
import { paintMovers } from "./movers.js";
import { arrange, byStanding, compare } from "./order.js";
import {
  paint, paintCounts, paintHead, paintTile, partsOf, put, tileOf,
} from "./paint.js";
import {
  districtName, localised, moscowTime, periodInWords, plain, points, t,
} from "./words.js";

// What a column is sorted by and which way first: good news on top, except for names and places.
const COLUMNS = {
  place: { way: 1, of: (row) => row.place },
  name: { way: 1, of: (row) => plain(row.short_name) },
  stabilised_bp: { way: -1, of: (row) => row.stabilised_bp },
  change_bp: { way: -1, of: (row) => row.change_bp },
  raw_bp: { way: -1, of: (row) => row.raw_bp },
  zone: { way: 1, of: (row) => ({ green: 0, yellow: 1, red: 2 })[row.zone] },
  on_time_bp: { way: -1, of: (row) => row.on_time_bp },
  executions: { way: -1, of: (row) => row.executions },
  debts: { way: -1, of: (row) => row.debts },
  provisional: { way: -1, of: (row) => row.provisional },
  mean_delay_hundredths: { way: -1, of: (row) => row.mean_delay_hundredths },
  returns: { way: -1, of: (row) => row.returns },
  extensions: { way: -1, of: (row) => row.extensions },
};

const table = document.getElementById("standings");
const body = table.tBodies[0];
const blank = document.querySelector("template").content.querySelector("tr");
const form = document.querySelector("form.filters");
const title = document.title.split(" — ")[0];

const lines = new Map(); // region → {row, tr, parts, first}; first = place when the page was opened
const order = { key: "place", way: 1 };
let period = document.body.dataset.period;

// --- Taking news in

function show(boards) {
  const anew = boards.some((board) => board.period !== period);
  for (const board of boards) {
    if (board.period !== period) openPeriod(board.period);
    for (const row of board.items) takeRow(localised(row));
  }
  paintTop(boards.at(-1));
  paintSummary();
  offerDistricts();
  filter();
  sort({ animate: !anew });
  announce();
}

function openPeriod(name) {
  period = name;
  for (const line of lines.values()) line.tr.remove();
  lines.clear();
  forget();
}

function takeRow(row) {
  paintTile(row);
  const line = lines.get(row.region);
  if (!line) {
    const tr = body.appendChild(blank.cloneNode(true));
    add(row, tr);
    paint(lines.get(row.region).parts, row, false);
    return;
  }
  hear(line.row, row);
  line.row = row;
  paint(line.parts, row, true);
  paintMove(line.parts.move, row.place, line.first);
}

function add(row, tr) {
  lines.set(row.region, { row, tr, parts: partsOf(tr), first: row.place });
}

function paintMove(part, place, first) {
  const up = place !== null && first !== null ? first - place : 0;
  part.hidden = up === 0;
  if (up === 0) return;
  part.dataset.way = up > 0 ? "up" : "down";
  const was = t("script.was", { place: first });
  part.title = was;
  const spoken = document.createElement("span");
  spoken.className = "unseen";
  spoken.textContent = ` ${was}`;
  part.replaceChildren(`${up > 0 ? "▲" : "▼"}${Math.abs(up)}`, spoken);
}

function paintTop(board) {
  const words = periodInWords(board.period);
  paintHead("period", words);
  document.title = `${title} — ${words}`;
  paintHead("methodology", board.methodology);
  paintHead("mu", points(board.mu_bp));
  const complete = document.querySelector('[data-head="complete"]');
  if (board.complete_through === null) {
    complete.textContent = t("script.incomplete");
    return;
  }
  const time = document.createElement("time");
  time.dateTime = board.complete_through;
  time.textContent = moscowTime(board.complete_through);
  complete.replaceChildren(`${t("script.complete")} `, time);
}

function paintSummary() {
  const rows = [...lines.values()].map(({ row }) => row);
  paintMovers(rows);
  const counts = paintCounts(rows);
  let x = 0;
  for (const [zone, count] of Object.entries(counts)) {
    const share = document.querySelector(`[data-share="${zone}"]`);
    share.setAttribute("x", x);
    share.setAttribute("width", count);
    x += count;
  }
  document.querySelector(".shares").setAttribute("viewBox", `0 0 ${lines.size || 1} 1`);
}

// --- Sorting and filtering

function byOrder({ row: a }, { row: b }) {
  const { of } = COLUMNS[order.key];
  if (order.key === "place" && order.way === 1) return byStanding(a, b);
  return compare(of(a), of(b), order.way) || byStanding(a, b);
}

function sort({ animate }) {
  arrange(body, [...lines.values()].sort(byOrder).map((line) => line.tr), { animate });
}

function sortBy(key, way) {
  Object.assign(order, { key, way });
  for (const th of table.tHead.querySelectorAll("th")) {
    if (th.dataset.sort !== key) th.removeAttribute("aria-sort");
    else th.setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
  }
  form.elements.sort.value = key;
  sort({ animate: true });
}

function offerSorting() {
  for (const th of table.tHead.querySelectorAll("th")) {
    const key = th.dataset.sort;
    const column = th.textContent.toLowerCase();
    form.elements.sort.add(new Option(t("script.order", { column }), key));
    const button = document.createElement("button");
    button.type = "button";
    button.append(...th.childNodes);
    button.addEventListener("click", () => {
      sortBy(key, order.key === key ? -order.way : COLUMNS[key].way);
    });
    th.append(button);
  }
  form.elements.sort.addEventListener("change", () => {
    const key = form.elements.sort.value;
    sortBy(key, COLUMNS[key].way);
  });
}

function offerDistricts() {
  const { district } = form.elements;
  const known = new Set([...district.options].map((option) => option.value));
  const found = new Set([...lines.values()].map(({ row }) => row.federal_district));
  for (const name of [...found].sort()) {
    if (!known.has(name)) district.add(new Option(districtName(name), name));
  }
}

function filter() {
  const { text, district, zone, shown } = form.elements;
  const wanted = plain(text.value.trim());
  let count = 0;
  for (const { row, tr } of lines.values()) {
    const fits =
      (!district.value || row.federal_district === district.value) &&
      (!zone.value || (row.zone ?? "none") === zone.value) &&
      (plain(`${row.short_name} ${row.name}`).includes(wanted) || row.region === wanted);
    tr.hidden = !fits;
    const tile = tileOf(row.region);
    if (tile) tile.parentElement.hidden = !fits;
    count += fits;
  }
  for (const district of document.querySelectorAll(".district")) {
    district.hidden = !district.querySelector("li:not([hidden])");
  }
  put(shown, t("script.shown", { count, total: lines.size }), false);
  const empty = document.querySelector("[data-empty]");
  empty.hidden = count > 0;
  if (lines.size) empty.textContent = t("script.nothing_fits");
}

// --- Map, table or both: links without this script, at once with it

function offerViews() {
  const links = [...document.querySelectorAll("[data-view-of]")];
  for (const link of links) {
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      document.body.dataset.view = link.dataset.viewOf;
      for (const other of links) other.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
      history.replaceState(null, "", link.href);
    });
  }
}

for (const tr of body.rows) add(JSON.parse(tr.dataset.row), tr);
offerSorting();
offerDistricts();
offerViews();
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = false;
filter();
follow(show);
