"""The rating's own: who asks it, a month frozen in it, and where the names of receivers lead."""

import pytest

from tests.conftest import Headers, Tokens
from tests.rating.slices import NOW_AT


@pytest.fixture
def admin(token: Tokens) -> Headers:
    return token("cur_admin") | NOW_AT
