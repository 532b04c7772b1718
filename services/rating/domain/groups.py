"""What executions may be put together by, besides regions and clusters."""

from enum import StrEnum


class Grouping(StrEnum):
    """Each execution is in one group of a grouping, or in none."""

    DISTRICTS = "districts"
    COHORTS = "cohorts"
    INDUSTRIES = "industries"
