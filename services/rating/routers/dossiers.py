"""What the rating holds about one person, over HTTP."""

from services.rating.domain.personal import REGISTER
from services.rating.models import Base
from shared.dossier_router import dossier_router

router = dossier_router("rating", REGISTER, Base.metadata)
