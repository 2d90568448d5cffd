"""The routes of tasks, which belong to the organization: they need no namespace."""

from typing import Any

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody
from litestar.types import Scope

from application.lists.listing import TASKS
from application.ports.tasks.tasks import TaskRecord
from domain.keys.api_key import Permission
from domain.limits.rate_limits import RequestClass
from domain.shared_fields import made_from
from entrypoints.http.admission.admission import MAX_IDENTIFIER, Needs, admitted_in
from entrypoints.http.requests.paging import Cursor, IncludeTotal, Limit, Offset, page_request, pagination
from entrypoints.http.tasks.wire import (
    GenericDeleteResponse,
    ListTasksRequest,
    ListTasksResponse,
    TaskResponse,
    TaskStatusEnum,
    TaskTypeEnum,
)

_LIST = Needs(Permission.READ, namespace=False, counts_as=RequestClass.COMPUTE).opt()
_READ = Needs(
    Permission.READ, namespace=False, scoped=True, tokens=True, own=True, counts_as=RequestClass.COMPUTE
).opt()
_DELETE = Needs(Permission.DELETE, namespace=False, scoped=True, counts_as=RequestClass.COMPUTE).opt()
_PAGE = 10
TAGS = ["Tasks"]


@get("/tasks/{task_id:str}", opt=_READ, tags=TAGS)
async def get_task(task_id: FromPath[str], scope: Scope) -> TaskResponse:
    """Return the current state of a task."""
    admitted = admitted_in(scope)
    return render(await admitted.services.read_task(admitted.caller, _id(task_id)))


@post("/tasks/list", status_code=200, opt=_LIST, tags=TAGS)
async def list_tasks(
    request: Request[Any, Any, Any],
    scope: Scope,
    data: JSONBody[ListTasksRequest | None] = None,
    limit: Limit = None,
    offset: Offset = None,
    cursor: Cursor = None,
    include_total: IncludeTotal = False,
) -> ListTasksResponse:
    """List the organization's tasks, newest first."""
    admitted = admitted_in(scope)
    body = data or ListTasksRequest()
    named = {"status": body.status, "task_type": body.task_type}
    wanted = [{name: value.value} for name, value in named.items() if value is not None]
    asked = page_request(
        TASKS,
        limit=limit or _PAGE,
        offset=offset or 0,
        cursor=cursor,
        search=body.search,
        filters={"AND": [*wanted, *([body.filters] if body.filters else [])]} if wanted else body.filters,
        sort=body.sort,
        with_total=include_total,
    )
    page = await admitted.services.ports.tasks.tasks(admitted.caller.organization.organization_id, asked)
    return ListTasksResponse(
        results=[render(record) for record in page.rows], pagination=pagination(request.url.path, TASKS, page, asked)
    )


@delete("/tasks/{task_id:str}", status_code=200, opt=_DELETE, tags=TAGS)
async def cancel_task(task_id: FromPath[str], scope: Scope) -> GenericDeleteResponse:
    """Cancel a task: its remaining items are skipped."""
    admitted = admitted_in(scope)
    await admitted.services.cancel_task(admitted.caller, _id(task_id))
    return GenericDeleteResponse(message="The task is canceled.")


def render(record: TaskRecord) -> TaskResponse:
    """Return a task in its wire shape."""
    return made_from(
        TaskResponse,
        record,
        task_type=TaskTypeEnum(record.task_type.value),
        status=TaskStatusEnum(record.status.value),
        inputs=list(record.inputs),
        outputs=list(record.outputs),
    )


def _id(value: str) -> str:
    return value[:MAX_IDENTIFIER]


ROUTES = [get_task, list_tasks, cancel_task]
