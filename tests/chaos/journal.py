"""What the load asked and what it was told: a line each, on the disk before anything follows.

`invoke` is written before a command leaves; `unknown` when its answer is lost or is a 5xx, and
then it is sent again; `ok` or `refused` end it.
"""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Effect:
    """What an acknowledged command did to an execution, as its step must say."""

    kind: str
    who: str
    words: str | None


class Journal:
    """Appends to the file, and reads it anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab", buffering=0)

    def write(self, event: str, key: str, **said: Any) -> None:
        """One line, synced."""
        line = json.dumps({"event": event, "key": key, **said}, ensure_ascii=False)
        self._file.write(line.encode() + b"\n")
        os.fdatasync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


@dataclass(slots=True)
class Ledger:
    """What the journal comes to: read from the file, never from the load's memory."""

    path: Path
    moves: dict[tuple[str, int], Effect] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    # Kind → what was made: the answer by its id.
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    open: dict[str, Any] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    _read: int = 0

    def catch_up(self) -> None:
        """Take in what was written since the last time."""
        with self.path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                self._take(json.loads(line))
            self._read = file.tell()

    def _take(self, line: dict[str, Any]) -> None:
        key, event = line["key"], line["event"]
        self.counts[event] += 1
        if event == "invoke":
            self.open[key] = line
        elif event != "unknown":
            asked = self.open.pop(key)
            if event == "ok":
                self._took_effect(asked, line)
            else:
                self.refusals[str(line["body"].get("code"))] += 1

    def _took_effect(self, asked: dict[str, Any], answered: dict[str, Any]) -> None:
        for execution, version in answered["moved"]:
            said = Effect(asked["kind"], asked["who"], asked["words"])
            if (execution, version) in self.moves:
                # Two winners of one version: a lost update.
                self.twice.append(
                    f"{execution} v{version}: {self.moves[execution, version]}, {said}"
                )
            self.moves[execution, version] = said
        if not answered["moved"] and "id" in answered["body"]:
            made = self.made.setdefault(asked["kind"], {})
            made[answered["body"]["id"]] = answered["body"]
