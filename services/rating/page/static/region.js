// A region's page is worked out when it is opened; this tells when its score has moved since.

import { follow } from "./feed.js";

const { region, period, score } = document.body.dataset;
const stale = document.querySelector("[data-stale]");

follow((boards) => {
  for (const board of boards) {
    const row = board.items.find((item) => item.region === region);
    if (row && board.period === period) stale.hidden = String(row.stabilised_bp ?? "") === score;
    if (board.period !== period) stale.hidden = false;
  }
});
