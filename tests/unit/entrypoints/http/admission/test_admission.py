"""Which responses count as refusals of a key, of which it may get a limited number."""

from typing import Any, cast

import pytest
from litestar.types import Message

from domain.keys.api_key import Permission
from entrypoints.http.admission.admission import _COUNTED, Needs, _counting


class Limits:
    """Counts the refusals."""

    counted = 0

    def refused(self, caller: object, counts_as: object) -> None:  # noqa: ARG002  # its signature
        self.counted += 1


@pytest.mark.parametrize(("status", "counted"), [(200, 0), (401, 1), (422, 1), (429, 0), (499, 0), (500, 0)])
async def test_refusals_count_and_a_client_that_has_gone_is_not_refused(status: int, counted: int) -> None:
    async def send(message: Message) -> None: ...

    limits = Limits()
    watched = _counting(cast("Any", {_COUNTED: object()}), send, cast("Any", limits), Needs(Permission.READ))
    await watched(cast("Message", {"type": "http.response.start", "status": status, "headers": []}))
    assert limits.counted == counted
