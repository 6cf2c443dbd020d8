"""Roles, to be looked up; and who holds them on an organisation, a project or an offering."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api.asking import Asked
from app.api.body import documented_body, required_body
from app.api.parameters import path_uuid
from app.api.publishing import Pages, RequestedPages, publish
from app.api.requests import CurrentCaller, Transaction
from app.api.responses import DETAIL, PAGE_HEADERS, PARAMETER_ERRORS, RULE_ERRORS, answers
from app.api.routing import takes_json
from app.query.fieldset import Item
from app.query.lists import ListQuery
from app.registry.roles import ScopeType
from app.roles import service
from app.roles.collections import ORDERINGS, ROLES, RoleFilters, UserRoleFilters, user_roles_on
from app.roles.repository import KINDS, ScopeKind
from app.roles.schemas import UserRoleDetails, UserRoleExpirationTime, UserRoleRequest
from app.values import JsonObject

router = APIRouter(prefix="/api", dependencies=[Depends(takes_json)])
_roles = APIRouter(tags=["roles"])
publish(_roles, "/roles", ROLES, RoleFilters, "roles", "role")
router.include_router(_roles)
_ASKED = Asked(UserRoleFilters, ORDERINGS)
Body = Annotated[UserRoleRequest, Depends(required_body(UserRoleRequest))]
Query = Annotated[ListQuery, Depends(_ASKED)]
_REFUSED = answers(400, 403, 404, on_400={"anyOf": [PARAMETER_ERRORS, RULE_ERRORS, DETAIL]})
_BODY = documented_body(UserRoleRequest, required=True)
PATHS = {
    ScopeType.CUSTOMER: ("customers", "an organisation"),
    ScopeType.PROJECT: ("projects", "a project"),
    ScopeType.OFFERING: ("marketplace-provider-offerings", "an offering"),
}


def _publish_users(kind: ScopeKind, path: str, noun: str) -> None:
    """Registers how roles on one kind of thing are given, changed, taken away and listed."""
    own = APIRouter(prefix=f"/{path}/{{uuid}}", tags=[path])
    name = path.replace("-", "_")
    scope = Annotated[UUID, Depends(path_uuid(kind.noun))]

    @own.post(
        "/add_user/",
        operation_id=f"{name}_add_user",
        summary=f"Give a role on {noun}",
        description=f"Takes `{kind.permission('CREATE')}`, and all that the role itself allows.",
        status_code=201,
        response_model=UserRoleExpirationTime,
        responses={201: {"description": "Until when the role is held."}, **_REFUSED},
        openapi_extra=_BODY,
    )
    async def add(caller: CurrentCaller, connection: Transaction, uuid: scope, asked: Body) -> UserRoleExpirationTime:
        return await service.add_user(connection, caller, kind, uuid, asked)

    _publish_change(own, kind, name, noun)
    _publish_removal(own, kind, name, noun)
    _publish_list(own, kind, name, noun)
    router.include_router(own)


def _publish_change(own: APIRouter, kind: ScopeKind, name: str, noun: str) -> None:
    scope = Annotated[UUID, Depends(path_uuid(kind.noun))]

    @own.post(
        "/update_user/",
        operation_id=f"{name}_update_user",
        summary=f"Say until when a role on {noun} is held",
        description=f"Takes `{kind.permission('UPDATE')}`, and all that the role itself allows.",
        response_model=UserRoleExpirationTime,
        responses={200: {"description": "Until when the role is held."}, **_REFUSED},
        openapi_extra=_BODY,
    )
    async def update(
        caller: CurrentCaller, connection: Transaction, uuid: scope, asked: Body
    ) -> UserRoleExpirationTime:
        return await service.update_user(connection, caller, kind, uuid, asked)


def _publish_removal(own: APIRouter, kind: ScopeKind, name: str, noun: str) -> None:
    scope = Annotated[UUID, Depends(path_uuid(kind.noun))]

    @own.post(
        "/delete_user/",
        operation_id=f"{name}_delete_user",
        summary=f"Take a role on {noun} away",
        description=f"Takes `{kind.permission('DELETE')}`, and all that the role itself allows.",
        response_class=Response,
        responses={200: {"description": "No response body."}, **_REFUSED},
        openapi_extra=_BODY,
    )
    async def delete(caller: CurrentCaller, connection: Transaction, uuid: scope, asked: Body) -> Response:
        await service.delete_user(connection, caller, kind, uuid, asked)
        return Response()


def _publish_list(own: APIRouter, kind: ScopeKind, name: str, noun: str) -> None:
    scope = Annotated[UUID, Depends(path_uuid(kind.noun))]
    refused = answers(400, 403, 404)
    documented: JsonObject = _ASKED.documented()

    @own.get(
        "/list_users/",
        operation_id=f"{name}_list_users_list",
        summary=f"List who holds roles on {noun}",
        description="For staff, support, and whoever holds a role there or on its organisation.",
        response_model=list[UserRoleDetails],
        response_model_exclude_unset=True,
        responses={200: {"description": "A page of roles of users.", "headers": PAGE_HEADERS}, **refused},
        openapi_extra=documented,
    )
    async def list_users(pages: RequestedPages, uuid: scope, query: Query) -> Sequence[Item] | Response:
        await _require(pages, kind, uuid)
        return await pages.show(user_roles_on(kind.held, uuid), query)

    @own.head(
        "/list_users/",
        operation_id=f"{name}_list_users_count",
        summary=f"Count who holds roles on {noun}",
        description="How many the list with the same parameters has, in the header `X-Result-Count`.",
        response_class=Response,
        responses={200: {"description": "No response body.", "headers": PAGE_HEADERS}, **refused},
        openapi_extra=documented,
    )
    async def count_users(pages: RequestedPages, uuid: scope, query: Query) -> Response:
        await _require(pages, kind, uuid)
        return await pages.count(user_roles_on(kind.held, uuid), query)


async def _require(pages: Pages, kind: ScopeKind, uuid: UUID) -> None:
    async with pages.database.transaction(snapshot=True) as connection:
        await service.check_may_list(connection, pages.caller, kind, uuid)


for _type, (_path, _noun) in PATHS.items():
    _publish_users(KINDS[_type], _path, _noun)
