// Putting a line's facts where the page shows them; what changes lights up for a moment.

import { ABSENT, districtName, pageOf, percent, points, signed, t, zoneName } from "./words.js";

export function put(part, text, flash) {
  if (part.textContent === text) return;
  part.textContent = text;
  if (flash) mark(part);
}

export function mark(part) {
  part.classList.remove("changed");
  void part.offsetWidth; // a second change soon after the first restarts the highlight
  part.classList.add("changed");
  part.addEventListener("animationend", () => part.classList.remove("changed"), { once: true });
}

// The elements of a line by the fact they show; a page may show only some of them.
export function partsOf(element) {
  const parts = { use: element.querySelector("use") };
  for (const part of element.querySelectorAll("[data-field]")) parts[part.dataset.field] = part;
  return parts;
}

const FIELDS = {
  place: (row) => (row.place === null ? ABSENT : String(row.place)),
  score: (row) => points(row.stabilised_bp),
  raw: (row) => points(row.raw_bp),
  word: (row) => zoneName(row.zone),
  on_time: (row) => percent(row.on_time_bp),
  executions: (row) => String(row.executions),
  debts: (row) => String(row.debts),
  provisional: (row) => String(row.provisional),
  delay: (row) => points(row.mean_delay_hundredths),
  returns: (row) => String(row.returns),
  extensions: (row) => String(row.extensions),
};

export function paint(parts, row, flash) {
  for (const [field, text] of Object.entries(FIELDS)) {
    if (parts[field]) put(parts[field], text(row), flash);
  }
  if (parts.name) {
    put(parts.name, row.short_name, false);
    parts.name.title = row.name;
    if (parts.name.matches("a")) parts.name.href = pageOf(row.region);
  }
  if (parts.district) put(parts.district, districtName(row.federal_district), false);
  if (parts.note) parts.note.hidden = row.place !== null || row.raw_bp === null;
  if (parts.bar) parts.bar.setAttribute("width", (row.stabilised_bp ?? 0) / 100);
  if (parts.change) {
    const change = row.change_bp;
    parts.change.dataset.way = change > 0 ? "up" : change < 0 ? "down" : "same";
    put(parts.change, change === null ? "" : signed(change), false);
  }
  if (parts.zone) paintZone(parts.zone, parts.use, row.zone);
}

function paintZone(part, use, zone) {
  part.dataset.zone = zone ?? "none";
  use.setAttribute("href", `#sign-${zone ?? "none"}`);
}

export function paintHead(name, text) {
  for (const part of document.querySelectorAll(`[data-head="${name}"]`)) put(part, text, false);
}

export function paintCounts(rows) {
  const counts = { green: 0, yellow: 0, red: 0, none: 0 };
  for (const row of rows) counts[row.zone ?? "none"] += 1;
  for (const [zone, count] of Object.entries(counts)) {
    put(document.querySelector(`[data-count="${zone}"]`), String(count), true);
  }
  return counts;
}

// --- The tile map

const tiles = new Map(
  [...document.querySelectorAll(".tile")].map((tile) => [tile.dataset.region, tile]),
);

export const tileOf = (region) => tiles.get(region);

export function paintTile(row) {
  const tile = tiles.get(row.region);
  if (!tile) return;
  const score = tile.querySelector("b");
  const before = score.textContent;
  paintZone(tile, tile.querySelector("use"), row.zone);
  put(score, points(row.stabilised_bp), false);
  put(tile.querySelector(".unseen"), tileWords(row), false);
  if (before !== score.textContent) mark(tile);
}

function tileWords(row) {
  const values = {
    name: row.short_name,
    score: points(row.stabilised_bp),
    place: row.place,
    zone: zoneName(row.zone),
  };
  if (row.stabilised_bp === null) return t("script.tile.nothing", values);
  return t(row.place === null ? "script.tile.unplaced" : "script.tile", values);
}
