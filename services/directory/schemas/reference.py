"""What a load of reference data did."""

from pydantic import BaseModel


class Loaded(BaseModel):
    """What loading one list of reference data did."""

    created: int
    changed: int
    unchanged: int


class ReferenceLoaded(BaseModel):
    """What loading the reference data did."""

    regions: Loaded
    industries: Loaded
    organisations: Loaded
    associations: Loaded
    roadmaps: Loaded
