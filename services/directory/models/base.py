"""The root of the tables."""

from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.db import metadata


class Base(SQLModel, registry=registry(metadata=metadata())):
    """Root of the service's own metadata."""
