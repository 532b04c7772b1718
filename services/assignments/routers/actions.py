"""Commands as links a client can follow."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.assignments.domain.executions import COMMAND_NAMES, Command
from services.assignments.schemas.executions import ActionRead

# Where the address is not the command's own name.
_PATHS: Final = {
    Command.PRE_CHECK: "pre-check",
    Command.ACCEPT_PART: "accept-part",
    Command.REQUEST_EXTENSION: "extensions",
    Command.CANCEL_EXTENSION: "extensions/cancel",
    Command.GRANT_EXTENSION: "extensions/grant",
    Command.REFUSE_EXTENSION: "extensions/refuse",
}


def as_actions(execution_id: UUID, commands: Sequence[Command]) -> list[ActionRead]:
    """Each command with its title and address."""
    return [
        ActionRead(
            command=command,
            title=COMMAND_NAMES[command],
            href=f"/v1/executions/{execution_id}/{_PATHS.get(command, command.value)}",
        )
        for command in commands
    ]
