"""What can be found by name."""

from enum import StrEnum


class Found(StrEnum):
    """What a hit is; of equal ones the larger comes first."""

    REGION = "region"
    CLUSTER = "cluster"
    ORGANISATION = "organisation"
    PERSON = "person"
