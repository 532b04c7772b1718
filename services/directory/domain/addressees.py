"""What a selection of addressees may be."""

from typing import Final

from shared.errors import Invalid

MAX_ADDRESSEES: Final = 2000


class SelectorNotForAuthorities(Invalid):
    """Authorities are addressed by region; clusters, cohorts and industries say nothing of them."""

    code = "selector_not_for_authorities"
    title = "Отбор не подходит органам власти"


class TooManyAddressees(Invalid):
    """More addressees than one instruction may have."""

    code = "too_many_addressees"
    title = "Слишком много адресатов"
