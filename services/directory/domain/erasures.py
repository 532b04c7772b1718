"""When a person may be erased, and when not."""

from shared.errors import Conflict, Invalid, NotFound


class PersonNeeded(Conflict):
    """The person holds an office, or other work is theirs today or later."""

    code = "person_needed"
    title = "Человек ещё при деле"


class PersonErasedAlready(Conflict):
    """An erasure is done once, and never undone."""

    code = "person_already_erased"
    title = "Человек уже обезличен"


class PersonErased(Invalid):
    """Nobody is appointed or charged who has been erased."""

    code = "person_erased"
    title = "Человек обезличен"


class NotErased(NotFound):
    """The person has not been erased."""

    code = "erasure_not_found"
    title = "Человек не обезличен"
