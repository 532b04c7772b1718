"""Everything the product is held to; asserts in helpers say as much as those in tests."""

import pytest

for _folder in ("assignments", "directory", "hostile", "meetings", "permissions", "rating"):
    pytest.register_assert_rewrite(f"tests.{_folder}")
