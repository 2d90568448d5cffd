"""Requests as an attacker's bytes: heads, paths, queries and bodies, drawn from a seed and sent over a socket.

Half of each request is right, so that it reaches the part behind; the other half is anything a client, a proxy or a
fuzzer may send. A request is `(seed, number)`: the same two give the same bytes for the same tenant.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from tests.conftest import Tenant
from tests.contract_check.comparing import Operation, Schema, operations
from tests.contract_check.contract import own

ANSWER_SECONDS = 20.0
CONNECTIONS = 8
_MAX_SHOWN = 300
_SERVER_ERROR = 500
_DEEP = 3
_SURELY_READ = 60_000

# Pieces of JSON that a decoder, a database or a renderer may fall over.
_HOSTILE_JSON: Sequence[bytes] = (
    b"1e400000",
    b"-1e400000",
    b"1e-400000",
    b"1e308",
    b"9" * 4301,
    b"-" + b"9" * 4301,
    b"9" * 4301 + b".5",
    b"9" * 60_000,
    b"18446744073709551616",
    b"9223372036854775808",
    b"-9223372036854775809",
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"-0",
    b"-0.0",
    b"01",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b'""',
    b'"\xff"',
    b'"\xc3\x28"',
    b'"\xed\xa0\x80"',
    b'"\xf4\x90\x80\x80"',
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\\u0000"',
    b'"a\\u0000b"',
    b'"\x00"',
    b'"\n"',
    b'"' + b"a" * 70_000 + b'"',
    '"\U0001f600\u202e\ufeff\u2028"'.encode(),
    b'"0001-01-01T00:00:00+23:59"',
    b'"9999-12-31T23:59:60-23:59"',
    b'{"\\u0000": 1}',
    b'{"\xff": 1}',
    b'{"a": 1, "a": 2}',
    b'{"": {"": {"": 1}}}',
    b'{"$ref": "#"}',
    b"[" * 40 + b"]" * 40,
    b"[" * 3_000,
    b'{"a":' * 3_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 40 + b"1" + b"}" * 40,
    b"[" + b"0," * 20_000 + b"0]",
    b"{" + b",".join(b'"k%d":0' % n for n in range(5_000)) + b"}",
)
# Pieces of a path or a query, as in the request line.
_HOSTILE_TEXT: Sequence[bytes] = (
    b"%00",
    b"a%00b",
    b"%ff",
    b"%c3%28",
    b"%ed%a0%80",
    b"%f4%90%80%80",
    b"%",
    b"%zz",
    b"%2",
    b"%25%30%30",
    b"%2f..%2f..%2fetc%2fpasswd",
    b"..",
    b".",
    b"%2e%2e%2f",
    b"%5c",
    b"%0d%0aX-Injected:%20yes",
    b"%e2%80%ae",
    b"%ef%bb%bf",
    b"\xff\xfe",
    b"\xc3\xa9",
    b"9" * 4301,
    b"-1",
    b"9223372036854775808",
    b"18446744073709551616",
    b"1e400000",
    b"1e999",
    b"NaN",
    b"inf",
    b"-0",
    b"0x10",
    b"1_000",
    b"%D9%A1%D9%A2",
    b"null",
    b"true",
    b"[]",
    b"a" * 5_000,
    b"%41" * 3_000,
    b"'",
    b"%27%20OR%201=1--",
    b"*",
    b"latest",
    b"0001-01-01T00:00:00%2B23:59",
    b"9999-12-31T23:59:59-23:59",
    b"",
    b"WzEsMWU0MDAwMDBd",
    b"WyIiLDEsMCwiMWU0MDAwMDAiXQ",
    b"WyIiLDEsMCwiTmFOIl0",
    b"WyIiLDEsMCwwLCJcdWQ4MDAiXQ",
    b"WyIiLDkyMjMzNzIwMzY4NTQ3NzU4MDdd",
)
_HOSTILE_HEADERS: Sequence[tuple[bytes, bytes]] = (
    (b"Authorization", b"Bearer \xff\xfe"),
    (b"Authorization", b"Bearer " + b"a" * 9_000),
    (b"Authorization", b"Bearer sk_\xc3\xa9"),
    (b"Authorization", b"Bearer evt_" + b"a" * 500),
    (b"Authorization", b"Basic Og=="),
    (b"Authorization", b""),
    (b"X-Namespace", b"\xff"),
    (b"X-Namespace", b""),
    (b"X-Namespace", b"a" * 9_000),
    (b"X-Namespace", b"\xc3\xa9"),
    (b"Idempotency-Key", b"\xff\xfe"),
    (b"Idempotency-Key", b"a" * 9_000),
    (b"Idempotency-Key", b""),
    (b"Idempotency-Key", b"a"),
    (b"Content-Type", b"application/json; charset=utf-16"),
    (b"Content-Type", b"text/plain; charset=nothing"),
    (b"Content-Type", b"multipart/form-data; boundary=\xff"),
    (b"Content-Type", b"application/x-www-form-urlencoded"),
    (b"Content-Type", b"\xff/\xff"),
    (b"Content-Encoding", b"gzip"),
    (b"Accept", b"application/problem+json"),
    (b"Accept", b"\xff/\xff;q=\xff"),
    (b"Origin", b"null"),
    (b"Origin", b"http://\xff"),
    (b"Origin", b"http://[::1"),
    (b"Origin", b"http://a:99999999999"),
    (b"Cookie", b"a=\xff; b"),
    (b"X-Request-Id", b"\xff"),
    (b"X-Forwarded-For", b"\xff, 1.2.3.4"),
    (b"X-Forwarded-Proto", b"\xff"),
    (b"Traceparent", b"00-\xff-00-00"),
    (b"Last-Event-ID", b"9" * 4301),
    (b"If-None-Match", b'"\xff"'),
    (b"Range", b"bytes=-9999999999999999999999"),
    (b"Expect", b"100-continue"),
    (b"Transfer-Encoding", b"identity"),
    (b"Upgrade", b"websocket"),
    (b"Connection", b"Upgrade"),
    (b"Host", b"\xff"),
)
_METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"LOCK", b"\xff")
_OTHER_PATHS = (
    b"/",
    b"/healthz",
    b"/readyz",
    b"/metrics",
    b"/docs",
    b"/docs/",
    b"/docs/openapi.json",
    b"/openapi.json",
    b"/docs/assets/a.js",
    b"/favicon.ico",
    b"/v1",
    b"/v1/",
    b"//v1//buckets",
    b"/v1/events/schemas/upload.requested.v1",
    b"/v1/storage-events",
    b"*",
    b"http://elsewhere.invalid/v1/buckets/list",
    b"",
)
_NOTIFICATIONS: Sequence[Any] = (
    {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": "b"}, "object": {"key": "a%ff%00", "size": 1, "eTag": "x"}},
            }
        ]
    },
    {"Type": "Notification", "Message": '{"Records": []}'},
    {"EventName": "s3:ObjectCreated:Put", "Key": "bucket/a"},
    {"event_type": "create", "key": "/buckets/a/b", "message": {"new_entry": {"name": "b", "extended": {}}}},
)


@dataclass(frozen=True)
class Aim:
    """The caller of the requests, and its existing records. `ids`: by the name of the parameter."""

    headers: Mapping[str, str]
    ids: Mapping[str, Sequence[str]]
    storage_secret: str


@dataclass(frozen=True)
class Sent:
    """One request, in the pieces in which it is sent. `whole`: the server has all that it was promised."""

    name: str
    pieces: tuple[bytes, ...]
    whole: bool

    @property
    def must_be_answered(self) -> bool:
        """Whether no answer is a fault: one to a long body may be overtaken by the end of the connection."""
        return self.whole and sum(map(len, self.pieces)) < _SURELY_READ


@dataclass
class Tally:
    """The results. `bad`: requests that were answered with 5xx, not answered, or not in time."""

    statuses: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)


class Draw:
    """Draws requests for the operations of an OpenAPI document."""

    def __init__(self, operations: Sequence[Operation], schemas: Mapping[str, Schema], aim: Aim, seed: int) -> None:
        self._operations = operations
        self._schemas = schemas
        self._aim = aim
        self._seed = seed
        self._chance = random.Random(seed)  # noqa: S311  # tests are drawn, no secrets

    def request(self, number: int) -> Sent:
        """Return a request; the same number gives the same one."""
        self._chance = chance = random.Random(f"{self._seed}/{number}")  # noqa: S311  # the same
        if chance.random() < 0.08:
            return self._elsewhere()
        operation = chance.choice(self._operations)
        method, _, template = operation.name.partition(" ")
        path = self._path(template)
        query = self._query(operation)
        body = self._body(operation)
        headers = [(name.encode(), value.encode()) for name, value in self._aim.headers.items()]
        return self._sent(operation.name, method.encode(), path + query, headers, body)

    def _elsewhere(self) -> Sent:
        chance = self._chance
        if chance.random() < 0.4:
            body = self._mutated(json.dumps(chance.choice(_NOTIFICATIONS)).encode())
            secret = [(b"Authorization", b"Bearer " + self._aim.storage_secret.encode())]
            return self._sent("POST /v1/storage-events", b"POST", b"/v1/storage-events", secret, body)
        path = chance.choice(_OTHER_PATHS)
        if chance.random() < 0.5:
            path += chance.choice((b"/", b"?", b"?a=", b"#", b";")) + chance.choice(_HOSTILE_TEXT)
        return self._sent("elsewhere", chance.choice(_METHODS), path, [], b"")

    def _path(self, template: str) -> bytes:
        parts = []
        for part in template.split("/"):
            if part.startswith("{"):
                known = self._aim.ids.get(part[1:-1], ("x",))
                parts.append(self._text(quote(self._chance.choice(list(known)), safe="").encode(), 0.35))
            else:
                parts.append(self._text(part.encode(), 0.01))
        return b"/".join(parts)

    def _query(self, operation: Operation) -> bytes:
        chance = self._chance
        pairs = []
        for parameter in operation.body.get("parameters", []):
            if parameter["in"] == "query" and chance.random() < 0.4:
                if parameter["name"] == "wait":
                    pairs.append(b"wait=" + chance.choice((b"0", b"0.0", b"-1", b"1e999", b"NaN")))
                    continue
                value = quote(str(self._value(parameter["schema"]))).encode()
                pairs.append(parameter["name"].encode() + b"=" + self._text(value, 0.6))
        if chance.random() < 0.1:
            pairs.append(chance.choice(_HOSTILE_TEXT) + chance.choice((b"", b"=", b"=1", b"&&", b"=;")))
        return b"?" + b"&".join(pairs) if pairs else b""

    def _text(self, usual: bytes, share: float) -> bytes:
        chance = self._chance
        if chance.random() >= share:
            return usual
        hostile = chance.choice(_HOSTILE_TEXT)
        return chance.choice((hostile, usual + hostile, hostile + usual))

    def _body(self, operation: Operation) -> bytes:
        content = operation.body.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return b"" if self._chance.random() < 0.9 else self._chance.choice(_HOSTILE_JSON)
        return self._mutated(json.dumps(self._value(content["schema"])).encode())

    def _value(self, schema: Schema, depth: int = 0) -> Any:  # noqa: ANN401, C901, PLR0911  # JSON; one line for every kind
        chance = self._chance
        if "$ref" in schema:
            schema = self._schemas[schema["$ref"].rsplit("/", 1)[-1]]
        if "anyOf" in schema:
            return self._value(chance.choice(schema["anyOf"]), depth)
        if "enum" in schema:
            return chance.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        match schema.get("type"):
            case "object":
                wanted = set(schema.get("required", ()))
                given = {
                    name: self._value(inner, depth + 1)
                    for name, inner in schema.get("properties", {}).items()
                    if name in wanted or (depth < _DEEP and chance.random() < 0.4)
                }
                return given or ({} if chance.random() < 0.6 else {"a": 1})
            case "array":
                count = max(schema.get("minItems", 0), chance.choice((0, 1, 1, 2)) if depth < _DEEP else 0)
                return [self._value(schema.get("items", {}), depth + 1) for _ in range(count)]
            case "string":
                return self._string(schema)
            case "integer":
                least = schema.get("minimum", 0)
                return chance.randint(least, max(least, min(schema.get("maximum", 100), 100_000)))
            case "number":
                return chance.choice((0, 1, 0.5))
            case "boolean":
                return chance.random() < 0.5
            case "null":
                return None
            case _:
                return chance.choice((None, 1, "a", {"a": [1]}, [{}]))

    def _string(self, schema: Schema) -> str:
        chance = self._chance
        if schema.get("format") == "date-time":
            return chance.choice(("2027-01-01T00:00:00Z", "2020-01-01T00:00:00+01:00"))
        if schema.get("format") == "uri":
            return "http://127.0.0.1:9/"
        choices = ["a", "a.mp4", "video/mp4", "video", "0" * 64, "upload.completed", "read", "*"]
        choices += [one for known in self._aim.ids.values() for one in known]
        return chance.choice(choices)

    def _mutated(self, body: bytes) -> bytes:  # noqa: PLR0911  # one line for every kind
        """Return a body with a hostile piece in place of one of its values, or with bytes that no JSON has."""
        chance = self._chance
        kind = chance.random()
        if kind < 0.1:
            return body
        if kind < 0.65:
            return self._with_piece(body)
        if kind < 0.75:
            return chance.choice(_HOSTILE_JSON)
        if kind < 0.8:
            return chance.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b" " * 100_000)) + body
        if kind < 0.83:
            return body.decode().encode(chance.choice(("utf-16", "utf-32", "utf-7")))
        if kind < 0.9:
            return body[: chance.randrange(len(body) + 1)]
        changed = bytearray(body)
        for _ in range(chance.choice((1, 2, 8))):
            changed[chance.randrange(len(changed)) : chance.randrange(len(changed))] = chance.randbytes(
                chance.choice((0, 1, 3))
            )
            changed = changed or bytearray(b" ")
        return bytes(changed)

    def _with_piece(self, body: bytes) -> bytes:
        mark = "\u2603piece"
        document = json.loads(body)
        places = list(_places(document))
        if not places:
            return self._chance.choice(_HOSTILE_JSON)
        holder, key = self._chance.choice(places)
        if isinstance(holder, dict) and self._chance.random() < 0.15:
            key = self._chance.choice(("", "unknown", "$schema", "__proto__", "a.b"))
        holder[key] = mark
        return json.dumps(document).encode().replace(json.dumps(mark).encode(), self._chance.choice(_HOSTILE_JSON))

    def _sent(self, name: str, method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> Sent:
        chance = self._chance
        headers = [(b"Host", b"upwell"), *headers, (b"Content-Type", b"application/json")]
        if chance.random() < 0.15:
            hostile = chance.choice(_HOSTILE_HEADERS)
            headers = [header for header in headers if header[0] != hostile[0] or chance.random() < 0.1]
            headers.append(hostile)
        if chance.random() < 0.02:
            method = chance.choice(_METHODS)
        whole, framing, framed = self._framed(body)
        whole = whole and method.isascii() and target.isascii()  # for others the parser only answers 400
        lines = [method + b" " + target + b" HTTP/1.1", *(name + b": " + value for name, value in headers), *framing]
        head = b"\r\n".join([*lines, b"Connection: close", b"", b""])
        if chance.random() < 0.03:
            changed = bytearray(head)
            for _ in range(chance.choice((1, 3))):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            head, whole = bytes(changed), False
        if chance.random() < 0.03:
            cut = chance.randrange(len(head))
            return Sent(name, (head[:cut], head[cut:], framed), whole)
        return Sent(name, (head + framed,), whole)

    def _framed(  # noqa: PLR0911  # one arm for every kind
        self, body: bytes
    ) -> tuple[bool, list[bytes], bytes]:
        """Return whether a body is complete, the headers that announce it, and its form on the wire."""
        length = b"Content-Length: "
        match self._chance.choices(
            ("length", "chunked", "short", "wrong", "both", "broken", "huge"), (84, 8, 2, 2, 1, 2, 1)
        )[0]:
            case "chunked":
                chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
                return True, [b"Transfer-Encoding: chunked"], chunk + b"0\r\n\r\n"
            case "short":
                return False, [length + b"%d" % (len(body) + 10)], body
            case "wrong":
                value = self._chance.choice((b"-1", b"1e3", b"", b"9" * 30, b"+5", b"0x5", b"5, 5"))
                return False, [length + value], body
            case "both":
                return False, [length + b"%d" % len(body), b"Transfer-Encoding: chunked"], body
            case "broken":
                chunk = self._chance.choice((b"zz\r\na\r\n", b"ffffffffffffffffff\r\n", b"-1\r\n", b"5\r\nab\r\n"))
                return False, [b"Transfer-Encoding: chunked"], chunk + b"0\r\n\r\n"
            case "huge":
                return False, [length + b"%d" % (5 * 1024**3)], body
            case _:
                return True, [length + b"%d" % len(body)], body


async def attack(tenant: Tenant, numbers: Sequence[int], *, seed: int, storage_secret: str, tally: Tally) -> None:
    """Send requests of a tenant, and record the results."""
    document = own()
    aim = Aim(headers=tenant.headers, ids=await _ids(tenant), storage_secret=storage_secret)
    draw = Draw(tuple(operations(document)), document["components"]["schemas"], aim, seed)
    port = urlsplit(tenant.url).port
    assert port is not None
    await send_all(port, numbers, draw.request, tally)


async def _ids(tenant: Tenant) -> dict[str, list[str]]:
    """Create one of each, and return the ids for paths."""
    files = f"/v1/buckets/{tenant.bucket.bucket_id}"
    async with httpx.AsyncClient(base_url=tenant.url, headers=tenant.headers) as client:

        async def made(path: str, body: dict[str, Any], field: str) -> str:
            answer = await client.post(path, json=body)
            assert answer.is_success, answer.text
            return str(answer.json()[field])

        upload = {"filename": "a.mp4", "content_type": "video/mp4", "blob_property": "video"}
        uploads = [
            await made(f"{files}/uploads", upload, "upload_id"),
            await made(f"{files}/uploads", {**upload, "multipart": "always"}, "upload_id"),
        ]
        fields = {"title": "a", "blobs": [{"property": "text", "type": "text", "data": "a"}]}
        objects = [await made(f"{files}/objects", fields, "object_id")]
        space = {"namespace_name": "spare", "feature_extractors": [{"feature_extractor_name": "a", "version": "v1"}]}
        spare = await made("/v1/namespaces", space, "namespace_id")
        key = await made("/v1/organizations/users/ann@example.com/api-keys", {"name": "spare"}, "name")
        hook = {
            "webhook_name": "spare",
            "event_types": ["upload.completed"],
            "channels": [{"channel": "webhook", "configs": {"url": "https://hooks.invalid/"}}],
        }
        webhooks = [await made("/v1/organizations/webhooks", hook, "webhook_id")]
        task = (await client.delete(f"/v1/namespaces/{spare}")).json()["task_id"]
    return {
        "bucket_identifier": ["files", tenant.bucket.bucket_id],
        "namespace_identifier": [tenant.namespace.name, spare],
        "upload_id": uploads,
        "object_identifier": objects,
        "task_id": [task],
        "tag": ["upload.requested.v1"],
        "user_email": ["ann@example.com"],
        "key_name": [key],
        "identifier": webhooks,
        "delivery_id": ["msg_1"],
    }


async def send_all(
    port: int, numbers: Sequence[int], draw: Callable[[int], Sent], tally: Tally, connections: int = CONNECTIONS
) -> None:
    """Send requests on several concurrent connections, one on each connection, and record the results."""
    waiting = iter(numbers)

    async def work() -> None:
        for number in waiting:
            sent = draw(number)
            outcome = await ask(port, sent)
            tally.statuses[outcome] += 1
            tally.routes[f"{sent.name} {outcome}"] += 1
            if (
                outcome in {"hang", "refused"}
                or outcome.startswith("5")
                or (outcome == "closed" and sent.must_be_answered)
            ):
                tally.bad.append(f"{number}: {outcome}: {b''.join(sent.pieces)[:_MAX_SHOWN]!r}")

    await asyncio.gather(*(work() for _ in range(connections)))


async def ask(port: int, sent: Sent) -> str:
    """Send a request; return the status of the answer, or `closed`, `refused`, `hang`, `garbled`."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await _ask(port, sent)
    except TimeoutError:
        return "hang"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "closed"


async def _ask(port: int, sent: Sent) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in sent.pieces:
            writer.write(piece)
            await writer.drain()
        if not sent.whole:
            writer.write_eof()
        first = await reader.readline()
        if first == b"":
            return "closed"
        words = first.split(b" ", 2)
        while words[1:2] == [b"100"]:
            await reader.readline()
            words = (await reader.readline()).split(b" ", 2)
        if words == [b""]:
            return "closed"
        status = words[1].decode() if len(words) > 1 and words[0].startswith(b"HTTP/1.") else "garbled"
        if status == "200" and b"text/event-stream" in b"".join(sent.pieces):
            return status
        while await reader.read(65_536):
            pass
        return status
    finally:
        writer.close()


def _places(document: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401  # JSON
    if isinstance(document, dict):
        for key, value in document.items():
            yield document, key
            yield from _places(value)
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield document, index
            yield from _places(value)
