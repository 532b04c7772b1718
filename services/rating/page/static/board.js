// Keeps the served board live: changed rows arrive by event stream, are repainted and moved in place.
"use strict";

const REGIONS = "/v1/ratings/regions";
const STREAM = "/v1/ratings/stream";
const GATHER_MS = 150; // frames this close together become one movement
const MOVE_MS = 700;
const REFRESH_MS = 20_000; // the stream is silent while nothing changes, yet completeness moves on
const RELISTEN_MS = 5_000; // after the server refused the stream
const ANNOUNCE_MS = 15_000;
const BIG_MOVE = 5; // places

const ABSENT = "—";
const MOSCOW_MS = 3 * 3_600_000; // Moscow has not changed its clocks since 2014
const MONTHS = [
  ["январь", "января"], ["февраль", "февраля"], ["март", "марта"], ["апрель", "апреля"],
  ["май", "мая"], ["июнь", "июня"], ["июль", "июля"], ["август", "августа"],
  ["сентябрь", "сентября"], ["октябрь", "октября"], ["ноябрь", "ноября"], ["декабрь", "декабря"],
];
const QUARTERS = { Q1: "I", Q2: "II", Q3: "III", Q4: "IV" };
const ZONES = { green: "зелёная", yellow: "жёлтая", red: "красная", none: "нет данных" };
const STATES = {
  on: "подключено",
  retry: "переподключение",
  start: "подключение",
  off: "без обновления",
};
// What a column is sorted by and which way first: good news on top, except for names and places.
const COLUMNS = {
  place: { way: 1, of: (row) => row.place },
  name: { way: 1, of: (row) => plain(row.short_name) },
  stabilised_bp: { way: -1, of: (row) => row.stabilised_bp },
  raw_bp: { way: -1, of: (row) => row.raw_bp },
  zone: { way: 1, of: (row) => ({ green: 0, yellow: 1, red: 2 })[row.zone] },
  on_time_bp: { way: -1, of: (row) => row.on_time_bp },
  executions: { way: -1, of: (row) => row.executions },
  debts: { way: -1, of: (row) => row.debts },
  provisional: { way: -1, of: (row) => row.provisional },
};

const table = document.getElementById("standings");
const body = table.tBodies[0];
const blank = document.querySelector("template").content.querySelector("tr");
const form = document.querySelector("form.filters");
const live = document.querySelector("[data-live]");
const stillness = matchMedia("(prefers-reduced-motion: reduce)");

const lines = new Map(); // region → {row, tr, parts, first}; first = place when the page was opened
const moving = new Map(); // tr → its running animation
const head = { period: document.body.dataset.period, as_of: document.body.dataset.asOf };
const order = { key: "place", way: 1 };
const news = new Map(); // region → sentence that waits to be announced
let frames = [];
let announcedAt = 0;
let source = null;

// --- Words and numbers, as the server writes them

const plain = (text) => text.toLowerCase().replaceAll("ё", "е");

function points(bp) {
  if (bp === null) return ABSENT;
  return `${Math.floor(bp / 100)},${String(bp % 100).padStart(2, "0")}`;
}

function percent(bp) {
  if (bp === null) return ABSENT;
  const tenths = Math.floor((bp + 5) / 10);
  return `${Math.floor(tenths / 10)},${tenths % 10}\u00a0%`;
}

function periodInWords(period) {
  const [year, part] = period.split("-");
  if (!part) return `${year} год`;
  if (part in QUARTERS) return `${QUARTERS[part]} квартал ${year} года`;
  return `${MONTHS[Number(part) - 1][0]} ${year} года`;
}

function moscowTime(instant) {
  const local = new Date(Date.parse(instant) + MOSCOW_MS);
  const month = MONTHS[local.getUTCMonth()][1];
  const clock = local.toISOString().slice(11, 19);
  return `${local.getUTCDate()} ${month} ${local.getUTCFullYear()}, ${clock} МСК`;
}

// --- Order

function compare(a, b, way = 1) {
  const [noA, noB] = [a ?? null, b ?? null].map((value) => value === null);
  if (noA || noB) return noA - noB; // what is absent comes last either way
  return a === b ? 0 : (a < b ? -1 : 1) * way;
}

function byStanding(a, b) {
  return (
    (a.raw_bp === null) - (b.raw_bp === null) ||
    compare(a.place, b.place) ||
    compare(plain(a.short_name), plain(b.short_name))
  );
}

function byOrder({ row: a }, { row: b }) {
  const { of } = COLUMNS[order.key];
  if (order.key === "place" && order.way === 1) return byStanding(a, b);
  return compare(of(a), of(b), order.way) || byStanding(a, b);
}

// --- Painting

function put(part, text, flash) {
  if (part.textContent === text) return;
  part.textContent = text;
  if (flash) mark(part);
}

function mark(part) {
  part.classList.remove("changed");
  void part.offsetWidth; // a second change soon after the first restarts the highlight
  part.classList.add("changed");
  part.addEventListener("animationend", () => part.classList.remove("changed"), { once: true });
}

function partsOf(tr) {
  const parts = { use: tr.querySelector("use") };
  for (const part of tr.querySelectorAll("[data-field]")) parts[part.dataset.field] = part;
  return parts;
}

function paint({ row, parts, first }, flash) {
  put(parts.place, row.place === null ? ABSENT : String(row.place), flash);
  put(parts.name, row.short_name, false);
  parts.name.title = row.name;
  put(parts.district, row.federal_district, false);
  parts.note.hidden = row.place !== null || row.raw_bp === null;
  put(parts.score, points(row.stabilised_bp), flash);
  parts.bar.setAttribute("width", (row.stabilised_bp ?? 0) / 100);
  put(parts.raw, points(row.raw_bp), flash);
  const zone = row.zone ?? "none";
  parts.zone.dataset.zone = zone;
  parts.use.setAttribute("href", `#sign-${zone}`);
  put(parts.word, ZONES[zone], flash);
  put(parts.on_time, percent(row.on_time_bp), flash);
  put(parts.executions, String(row.executions), flash);
  put(parts.debts, String(row.debts), flash);
  put(parts.provisional, String(row.provisional), flash);
  paintMove(parts.move, row.place, first);
}

function paintMove(part, place, first) {
  const up = place !== null && first !== null ? first - place : 0;
  part.hidden = up === 0;
  if (up === 0) return;
  const way = up > 0 ? "up" : "down";
  part.dataset.way = way;
  const was = `было ${first}-е место, когда страница открылась`;
  part.title = was;
  const spoken = document.createElement("span");
  spoken.className = "unseen";
  spoken.textContent = ` ${was}`;
  part.replaceChildren(`${up > 0 ? "▲" : "▼"}${Math.abs(up)}`, spoken);
}

function paintHead(board) {
  const say = (name, text) => {
    for (const part of document.querySelectorAll(`[data-head="${name}"]`)) put(part, text, false);
  };
  const period = periodInWords(board.period);
  say("period", period);
  document.title = `Рейтинг эффективности регионального управления — ${period}`;
  say("methodology", board.methodology);
  say("mu", points(board.mu_bp));
  const complete = document.querySelector('[data-head="complete"]');
  if (board.complete_through === null) {
    complete.textContent = "полнота данных ещё не подтверждена";
    return;
  }
  const time = document.createElement("time");
  time.dateTime = board.complete_through;
  time.textContent = moscowTime(board.complete_through);
  complete.replaceChildren("данные полны на ", time);
}

function paintSummary() {
  const counts = { green: 0, yellow: 0, red: 0, none: 0 };
  for (const { row } of lines.values()) counts[row.zone ?? "none"] += 1;
  let x = 0;
  for (const [zone, count] of Object.entries(counts)) {
    put(document.querySelector(`[data-count="${zone}"]`), String(count), true);
    const share = document.querySelector(`[data-share="${zone}"]`);
    share.setAttribute("x", x);
    share.setAttribute("width", count);
    x += count;
  }
  document.querySelector(".shares").setAttribute("viewBox", `0 0 ${lines.size || 1} 1`);
}

// --- Moving rows: first, last, invert, play

function arrange({ animate }) {
  const wanted = [...lines.values()].sort(byOrder).map((line) => line.tr);
  if (wanted.every((tr, index) => body.children[index] === tr)) return;
  const smooth = animate && !stillness.matches && !document.hidden;
  const before = new Map(smooth ? wanted.map((tr) => [tr, tr.getBoundingClientRect()]) : []);
  for (const animation of moving.values()) animation.cancel();
  let next = body.firstElementChild;
  for (const tr of wanted) {
    if (tr === next) next = next.nextElementSibling;
    else body.insertBefore(tr, next);
  }
  if (!smooth) return;
  const after = wanted.map((tr) => [tr, tr.getBoundingClientRect()]);
  for (const [tr, end] of after) slide(tr, before.get(tr), end);
}

function slide(tr, start, end) {
  const seen = (box) => box.height > 0 && box.bottom > 0 && box.top < innerHeight;
  const [dx, dy] = [start.left - end.left, start.top - end.top];
  if ((!dx && !dy) || !start.height || !(seen(start) || seen(end))) return;
  // Neighbours that only make room stay flat; what overtakes passes above them.
  tr.classList.toggle("moving", dx !== 0 || Math.abs(dy) > 1.5 * end.height);
  const frames = [{ transform: `translate(${dx}px, ${dy}px)` }, { transform: "none" }];
  const animation = tr.animate(frames, { duration: MOVE_MS, easing: "cubic-bezier(.2, 0, .2, 1)" });
  const rest = () => {
    if (moving.get(tr) !== animation) return;
    moving.delete(tr);
    tr.classList.remove("moving");
  };
  moving.set(tr, animation);
  animation.addEventListener("finish", rest);
  animation.addEventListener("cancel", rest);
}

// --- Taking news in

function take(board) {
  head.as_of = board.as_of;
  frames.push(board);
  if (frames.length === 1) setTimeout(show, GATHER_MS);
}

function show() {
  const boards = frames;
  frames = [];
  const anew = boards.some((board) => board.period !== head.period);
  for (const board of boards) {
    if (board.period !== head.period) openPeriod(board.period);
    for (const row of board.items) takeRow(row);
  }
  paintHead(boards.at(-1));
  paintSummary();
  offerDistricts();
  filter();
  arrange({ animate: !anew });
  announce();
}

function openPeriod(period) {
  head.period = period;
  for (const line of lines.values()) line.tr.remove();
  lines.clear();
  news.clear();
}

function takeRow(row) {
  const line = lines.get(row.region);
  if (!line) {
    add(row, body.appendChild(blank.cloneNode(true)));
    paint(lines.get(row.region), false);
    return;
  }
  const before = line.row;
  line.row = row;
  paint(line, true);
  const sentence = bigNews(before, row);
  if (sentence) news.set(row.region, sentence);
}

function add(row, tr) {
  lines.set(row.region, { row, tr, parts: partsOf(tr), first: row.place });
}

function bigNews(before, row) {
  const zone = before.zone !== row.zone && row.zone !== null;
  const placed = before.place !== null && row.place !== null;
  const far = placed && Math.abs(before.place - row.place) >= BIG_MOVE;
  const leads = placed && row.place === 1 && before.place !== 1;
  if (!zone && !far && !leads) return null;
  const facts = [];
  if (far || leads) facts.push(`${row.place}-е место, было ${before.place}-е`);
  if (zone) facts.push(`зона ${ZONES[row.zone]}`);
  return `${row.short_name}: ${facts.join(", ")}`;
}

function announce() {
  if (!news.size) return;
  const wait = announcedAt + ANNOUNCE_MS - Date.now();
  if (wait > 0) {
    clearTimeout(announce.timer);
    announce.timer = setTimeout(announce, wait);
    return;
  }
  const sentences = [...news.values()];
  const rest = sentences.length - 3;
  const text = sentences.slice(0, 3).join(". ") + (rest > 0 ? `. И ещё изменений: ${rest}.` : ".");
  document.querySelector("[data-announce]").textContent = text;
  news.clear();
  announcedAt = Date.now();
}

// --- Sorting and filtering

function sortBy(key, way) {
  Object.assign(order, { key, way });
  for (const th of table.tHead.querySelectorAll("th")) {
    if (th.dataset.sort !== key) th.removeAttribute("aria-sort");
    else th.setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
  }
  form.elements.sort.value = key;
  arrange({ animate: true });
}

function offerSorting() {
  for (const th of table.tHead.querySelectorAll("th")) {
    const key = th.dataset.sort;
    form.elements.sort.add(new Option(`Порядок: ${th.textContent.toLowerCase()}`, key));
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
  for (const name of [...found].sort()) if (!known.has(name)) district.add(new Option(name));
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
    count += fits;
  }
  put(shown, `Показано ${count} из ${lines.size}`, false);
  const empty = document.querySelector("[data-empty]");
  empty.hidden = count > 0;
  if (lines.size) empty.textContent = "Таких регионов нет. Измените отбор.";
}

// --- Connection

function showState(state) {
  if (live.dataset.live === state) return;
  live.dataset.live = state;
  live.querySelector('[data-head="live"]').textContent = STATES[state];
}

function listen() {
  source?.close();
  source = new EventSource(STREAM);
  source.addEventListener("open", () => showState("on"));
  source.addEventListener("standings", (event) => take(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return showState("retry");
    showState("off");
    setTimeout(listen, RELISTEN_MS);
  });
}

// The stream may be dead without a word (a lost mobile network): asking finds out.
async function refresh() {
  if (document.hidden || source.readyState === EventSource.CLOSED) return;
  try {
    const answer = await fetch(REGIONS, { cache: "no-store" });
    if (!answer.ok) return;
    const board = await answer.json();
    // The stream may have been faster than this answer.
    if (!head.as_of || Date.parse(board.as_of) >= Date.parse(head.as_of)) take(board);
    if (source.readyState === EventSource.OPEN) showState("on");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // a TypeError is fetch's word for no network
    showState("retry");
  }
}

for (const tr of body.rows) add(JSON.parse(tr.dataset.row), tr);
offerSorting();
offerDistricts();
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = false;
filter();
showState("start");
listen();
setInterval(refresh, REFRESH_MS);
document.addEventListener("visibilitychange", refresh);
addEventListener("pagehide", () => source.close());
addEventListener("pageshow", (event) => event.persisted && listen());
