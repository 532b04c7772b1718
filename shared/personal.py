"""Personal data: what holds it, and how it is taken out of text.

Every service has a `Register` (`services/*/domain/personal.py`): each column of its database that
holds something about a person, why, who sees it, for how long and what erasure makes of it. A
dossier (`shared.dossiers`) is gathered by the register, `docs/personal-data.md` is the register
printed, and a test fails for a column that looks personal and is not in it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

# What the name of a column says. Too much rather than too little: what is nobody's is said to be.
_LOOKS: Final = re.compile(
    r"name|e_?mail|phone|person|actor|owner|recipient|addressee|presenter|reviewer|controller"
    r"|uploader|contact|member|lead_id|coordinator_id|participant|subject|author|user|birth|passport"
    r"|snils|text|body|words|reason|note|comment|summary|description|remark|evidence|outcome|content"
    r"|error|answer|envelope|cells|^before|^after|flaws|stray|^rows$|header|document|details?$|excerpt"
    r"|pdf|xlsx|link|letter|(^|_)by$|^data$|^key$|target",
)

# A shorter name or number is a part of other words: it counts where it stands alone.
_TELLING: Final = 5


class Kind(StrEnum):
    """What of a person a column holds."""

    NAME = "name"
    CONTACT = "contact"
    # The person's id in the directory, or the `sub` of a token: no name, but somebody's.
    PERSON = "person"
    SUBJECT = "subject"
    # Written by people, who may have named people.
    TEXT = "text"
    # Files and logs, which are not searched.
    SEALED = "sealed"


class Fate(StrEnum):
    """What an erasure makes of a column."""

    PSEUDONYM = "pseudonym"
    CLEARED = "cleared"
    DELETED = "deleted"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Held:
    """Columns of a table that hold something about a person, said for `docs/personal-data.md`.

    `term` names the setting or the rule that ends it; `basis` says why it outlives an erasure, or
    how it is erased.
    """

    table: str
    columns: tuple[str, ...]
    kind: Kind
    why: str
    seen_by: str
    term: str
    fate: Fate
    basis: str


@dataclass(frozen=True, slots=True)
class Register:
    """What a database holds about people, and which columns only look as if they did."""

    held: tuple[Held, ...]
    # "table.column", or "table.*", → whose it is instead.
    impersonal: Mapping[str, str]

    def __add__(self, other: "Register") -> "Register":
        return Register(self.held + other.held, {**self.impersonal, **other.impersonal})

    def names(self) -> set[str]:
        """Every column that is held, as "table.column"."""
        return {f"{one.table}.{column}" for one in self.held for column in one.columns}


def looks_personal(column: str) -> bool:
    """Whether a column of this name might hold something about a person."""
    return _LOOKS.search(column) is not None


def undeclared(register: Register, columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Columns (table → names) that look personal and of which the register says nothing."""
    known = register.names() | register.impersonal.keys()
    return sorted(
        f"{table}.{column}"
        for table, names in columns.items()
        for column in names
        if looks_personal(column) and known.isdisjoint({f"{table}.{column}", f"{table}.*"})
    )


def pseudonym(person_id: UUID) -> str:
    """What an erased person is called: two of them can be told apart, and no more."""
    return f"Удалённый человек {person_id.hex[-8:]}"


@dataclass(frozen=True, slots=True)
class Traces:
    """What a person may be found by in text: a name, an e-mail, a phone; case does not count."""

    found_by: tuple[str, ...]
    instead: str

    @property
    def telling(self) -> tuple[str, ...]:
        """Those long enough to mean the person within a text."""
        return tuple(one for one in self.found_by if len(one) >= _TELLING)

    def are_in(self, value: Any) -> bool:
        """Whether any text of the value, however deep, has one of them."""
        return bool(self.scrubbed(value) != value)

    def scrubbed(self, value: Any) -> Any:
        """The same with the pseudonym in their place; mappings and lists are looked through."""
        if isinstance(value, str):
            for trace in self.telling:
                word = rf"(?<!\w){re.escape(trace)}(?!\w)"
                value = re.sub(word, self.instead, value, flags=re.IGNORECASE)
            return self.instead if value in self.found_by else value
        if isinstance(value, Mapping):
            return {name: self.scrubbed(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.scrubbed(one) for one in value]
        return value


def traces_of(person_id: UUID, *said: str | None) -> Traces:
    """Of a person who is called and reached so; what is not known is left out."""
    known = sorted({one.strip() for one in said if one and one.strip()}, key=len, reverse=True)
    return Traces(tuple(known), pseudonym(person_id))


BY_ROW: Final = "кто видит запись"
FOR_EVER: Final = "бессрочно: история"


def accounts(table: str, *columns: str, why: str = "кто это сделал", term: str = FOR_EVER) -> Held:
    """Columns of a table that name accounts by the `sub` of their tokens."""
    return Held(
        table,
        columns,
        Kind.SUBJECT,
        why,
        BY_ROW,
        term,
        Fate.KEPT,
        "`sub` непрозрачен",
    )


def ids(table: str, *columns: str, why: str, term: str = FOR_EVER) -> Held:
    """Columns of a table that name people by their ids in the directory."""
    return Held(
        table,
        columns,
        Kind.PERSON,
        why,
        BY_ROW,
        term,
        Fate.KEPT,
        "ведёт к псевдониму",
    )


def words(table: str, *columns: str, why: str, term: str = FOR_EVER, basis: str = "") -> Held:
    """Columns of a table in which people write, and might name people."""
    return Held(
        table,
        columns,
        Kind.TEXT,
        why,
        BY_ROW,
        term,
        Fate.KEPT,
        basis or "правит владелец записи",
    )


_CHANGED: Final = "auditor и cur_admin (`GET /v1/audit`)"
# What every database has beside its own tables.
PLATFORM: Final = Register(
    held=(
        Held(
            "audit_log",
            ("actor",),
            Kind.SUBJECT,
            "доказать, кто и что изменил",
            _CHANGED,
            "бессрочно",
            Fate.KEPT,
            "журнал с цепочкой хешей неизменяем; `sub` — непрозрачный идентификатор, который"
            " после удаления учётной записи у издателя ни с кем не связан",
        ),
        Held(
            "audit_log",
            ("target", "changes"),
            Kind.SEALED,
            "какую запись изменили и как было",
            _CHANGED,
            "бессрочно",
            Fate.KEPT,
            "в адресах только id; имена, контакты и тексты в изменениях замаскированы",
        ),
        Held(
            "outbox",
            ("data", "key"),
            Kind.SEALED,
            "журнал событий: из него лечатся другие сервисы",
            "сервисы (лента событий), auditor",
            "бессрочно",
            Fate.KEPT,
            "люди в событиях — только id (тест); тексты пунктов — часть утверждённого протокола",
        ),
        Held(
            "dead_letters",
            ("envelope", "reason"),
            Kind.TEXT,
            "повторить событие, которое не разобрано",
            "auditor, cur_admin (`GET /v1/dead-letters`)",
            "`RETENTION_DEAD_LETTERS_DAYS` после повтора",
            Fate.KEPT,
            "то же содержание, что у событий: только id",
        ),
        Held(
            "idempotency_keys",
            ("actor",),
            Kind.SUBJECT,
            "узнать повтор запроса",
            "никто",
            "24 часа",
            Fate.DELETED,
            "уходит со сроком",
        ),
        Held(
            "idempotency_keys",
            ("answer",),
            Kind.TEXT,
            "повторить ответ",
            "тот же `sub`",
            "24 часа",
            Fate.PSEUDONYM,
            "имя и контакты в сохранённом ответе заменяются сразу",
        ),
        Held(
            "erased_people",
            ("person_id",),
            Kind.PERSON,
            "помнить, кто обезличен, и повторить это после восстановления",
            "никто",
            "бессрочно",
            Fate.KEPT,
            "идентификаторы без имён; без них обезличенное вернулось бы из копии",
        ),
        Held(
            "erased_people",
            ("subjects",),
            Kind.SUBJECT,
            "какие учётные записи были его",
            "никто",
            "бессрочно",
            Fate.KEPT,
            "учётные записи удалены у издателя",
        ),
    ),
    impersonal={
        "idempotency_keys.key": "случайный ключ запроса",
        "idempotency_keys.body_hash": "хеш",
        "audit_log.body_sha256": "хеш",
    },
)
