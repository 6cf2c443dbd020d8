"""Organisations, projects and users, to be looked up; and who the caller is."""

from typing import Any

from fastapi import APIRouter, Depends

from app.database import Transaction
from app.directory.collections import (
    CUSTOMERS,
    PROJECTS,
    USERS,
    CustomerFilters,
    ProjectFilters,
    UserFilters,
)
from app.directory.schemas import User
from app.kit.fields import Fields
from app.kit.publishing import publish
from app.kit.responses import answers
from app.kit.routing import RequestContext, close, get, takes_json

router = APIRouter(prefix="/api", dependencies=[Depends(takes_json)])
_customers, _projects, _users = (APIRouter(tags=[tag]) for tag in ("customers", "projects", "users"))


@get(
    _users,
    "/users/me/",
    operation_id="users_me_retrieve",
    summary="Retrieve the caller",
    response_model=User,
    response_model_exclude_unset=True,
    responses={200: {"description": "Who the token belongs to."}, **answers()},
)
async def retrieve_me(context: RequestContext, connection: Transaction, fields: Fields) -> dict[str, Any]:
    """Who the caller is."""
    return await USERS.one(connection, context, context.caller.uuid, fields)


close(_users, {"/users/me/": ("GET", "HEAD")})
publish(_customers, "/customers", CUSTOMERS, CustomerFilters, "customers", "organisation")
publish(_projects, "/projects", PROJECTS, ProjectFilters, "projects", "project")
publish(_users, "/users", USERS, UserFilters, "users", "user")
for _each in (_customers, _projects, _users):
    router.include_router(_each)
