"""The least a command could be: FastAPI and asyncpg, one update and one outbox row, one commit."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from fastapi import FastAPI, HTTPException, Request


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=16, max_size=32) as pool:
        yield {"pool": pool}


app = FastAPI(lifespan=lifespan)


@app.post("/v1/executions/{execution_id}/accept")
async def accept(execution_id: UUID, request: Request) -> dict[str, Any]:
    now = datetime.now(UTC)
    async with request.state.pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(
            "update least_executions set status = 'accepted', accepted_at = $2,"
            " version = version + 1 where id = $1 and status = 'forwarded'"
            " returning id, region, status, version, accepted_at",
            execution_id,
            now,
        )
        if row is None:
            raise HTTPException(409)
        found = dict(row)
        await connection.execute(
            "insert into least_outbox (id, key, occurred_at, data) values ($1, $2, $3, $4)",
            uuid4(),
            str(execution_id),
            now,
            json.dumps(found, default=str),
        )
    return found
