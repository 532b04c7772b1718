// The stream of the standings, and asking when it may be dead; what comes is handed on in gulps.

import { t } from "./words.js";

const REGIONS = "/v1/ratings/regions";
const STREAM = "/v1/ratings/stream";
const GATHER_MS = 150; // frames this close together become one movement
const REFRESH_MS = 20_000; // the stream is silent while nothing changes, yet completeness moves on
const RELISTEN_MS = 5_000; // after the server refused the stream

const live = document.querySelector("[data-live]");
let asOf = document.body.dataset.asOf;
let frames = [];
let show = null;
let source = null;

// Calls `shown` with the boards that have come, oldest first, from now until the page goes.
export function follow(shown) {
  show = shown;
  showState("start");
  listen();
  setInterval(refresh, REFRESH_MS);
  document.addEventListener("visibilitychange", refresh);
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && listen());
}

function take(board) {
  asOf = board.as_of;
  frames.push(board);
  if (frames.length > 1) return;
  setTimeout(() => {
    const boards = frames;
    frames = [];
    if (opensEmpty()) location.reload();
    else show(boards);
  }, GATHER_MS);
}

// A page served before the standings were loaded has no map to paint; a second look has.
function opensEmpty() {
  const [visit] = performance.getEntriesByType("navigation");
  return !document.body.dataset.period && visit.type !== "reload";
}

function showState(state) {
  if (!live || live.dataset.live === state) return;
  live.dataset.live = state;
  live.querySelector('[data-head="live"]').textContent = t(`script.live.${state}`);
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
    if (!asOf || Date.parse(board.as_of) >= Date.parse(asOf)) take(board);
    if (source.readyState === EventSource.OPEN) showState("on");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // a TypeError is fetch's word for no network
    showState("retry");
  }
}
