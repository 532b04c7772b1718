"""What is not there, said to people and not to programs."""

from typing import Literal

from services.rating.page.frame import Frame, render

Missing = Literal["region", "slice", "month", "rating"]


def page(frame: Frame, what: Missing) -> str:
    """A page that says so and leads back to the rating."""
    return render("missing.html", frame, reason=f"missing.{what}")
