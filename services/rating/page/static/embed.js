// Keeps an embedded table, map or region live.

import { follow } from "./feed.js";
import { arrange, byStanding } from "./order.js";
import { paint, paintHead, paintTile, partsOf } from "./paint.js";
import { localised, periodInWords } from "./words.js";

const body = document.querySelector("tbody");
const blank = document.querySelector("template")?.content.querySelector("tr");
const lines = new Map();

function show(boards) {
  for (const board of boards) {
    paintHead("period", periodInWords(board.period));
    for (const row of board.items) take(localised(row));
  }
  if (!body) return;
  const wanted = [...lines.values()].sort((a, b) => byStanding(a.row, b.row));
  arrange(body, wanted.map((line) => line.element), { animate: true });
}

function take(row) {
  paintTile(row);
  let line = lines.get(row.region);
  if (!line && body) line = add(row, body.appendChild(blank.cloneNode(true)));
  if (!line) return;
  line.row = row;
  paint(line.parts, row, true);
}

function add(row, element) {
  const line = { row, element, parts: partsOf(element) };
  lines.set(row.region, line);
  return line;
}

for (const element of document.querySelectorAll("[data-row]")) {
  add(JSON.parse(element.dataset.row), element);
}
follow(show);
