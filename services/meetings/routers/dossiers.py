"""What meetings hold about one person, over HTTP."""

from services.meetings.domain.personal import REGISTER
from services.meetings.models import Base
from shared.dossier_router import dossier_router

router = dossier_router("meetings", REGISTER, Base.metadata)
