"""The page behind a letter's link."""

from datetime import datetime

from services.rating.page.frame import Frame, render


def acknowledgement(
    *, period: str, region: str, token: str, acknowledged_at: datetime | None
) -> str:
    """A button, or when it was pressed (UTC)."""
    return render(
        "acknowledgement.html",
        Frame(),
        period=period,
        region=region,
        token=token,
        acknowledged_at=f"{acknowledged_at:%d.%m.%Y %H:%M}" if acknowledged_at else None,
    )
