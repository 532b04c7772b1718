"""What assignments hold about one person, over HTTP."""

from services.assignments.domain.personal import REGISTER
from services.assignments.models import Base
from shared.dossier_router import dossier_router

router = dossier_router("assignments", REGISTER, Base.metadata)
