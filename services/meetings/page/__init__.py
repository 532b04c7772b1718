"""Pictures of cyclograms and processes."""

from services.meetings.page.cyclograms import cyclogram
from services.meetings.page.heat_maps import heat_map

__all__ = ["cyclogram", "heat_map"]
