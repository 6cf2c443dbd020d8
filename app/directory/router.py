"""Organisations, projects and users, to be looked up; and who the caller is."""

from fastapi import APIRouter, Depends

from app.api.parameters import Fields
from app.api.publishing import publish
from app.api.requests import RequestContext, Transaction
from app.api.responses import answers
from app.api.routing import get, takes_json
from app.directory.collections import (
    CUSTOMERS,
    ME,
    PROJECTS,
    USERS,
    CustomerFilters,
    ProjectFilters,
    UserFilters,
)
from app.directory.schemas import UserMe
from app.query.fieldset import Item

router = APIRouter(prefix="/api", dependencies=[Depends(takes_json)])
_customers, _projects, _users = (APIRouter(tags=[tag]) for tag in ("customers", "projects", "users"))


@get(
    _users,
    "/users/me/",
    operation_id="users_me_retrieve",
    summary="Retrieve the caller",
    response_model=UserMe,
    response_model_exclude_unset=True,
    responses={200: {"description": "Who the token belongs to."}, **answers()},
)
async def retrieve_me(context: RequestContext, connection: Transaction, fields: Fields) -> Item:
    """Who the caller is, and in which roles."""
    return await ME.one(connection, context, context.caller.uuid, fields)


publish(_customers, "/customers", CUSTOMERS, CustomerFilters, "customers", "organisation")
publish(_projects, "/projects", PROJECTS, ProjectFilters, "projects", "project")
publish(_users, "/users", USERS, UserFilters, "users", "user")
for _each in (_customers, _projects, _users):
    router.include_router(_each)
