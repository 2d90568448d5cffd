"""An example for every route, in the order in which the page of routes shows them, and tests run them.

Their bodies are those of the OpenAPI document's examples.

`METHOD /path` → shell commands. The variables are those that `upwell dev` writes and those that earlier examples set.
"""

import json
import re

from entrypoints.http.reference.examples import body_of

_CURL = 'curl -sS --fail-with-body -X {method} "$UPWELL_URL{path}"'
_KEY = '-H "Authorization: Bearer $UPWELL_API_KEY"'
_NAMESPACE = '-H "X-Namespace: $UPWELL_NAMESPACE"'
_BUCKET = "/v1/buckets/$UPWELL_BUCKET"


def _call(method: str, path: str, body: str | None = None, *, namespace: bool = True, field: str | None = None) -> str:
    """Return a request as a shell command. `field`: put this field of the answer into a variable of its name."""
    parts = [_CURL.format(method=method, path=path), f"{_KEY} {_NAMESPACE}" if namespace else _KEY]
    if body is not None:
        parts.append(f"--json '{body}'")
    command = " \\\n  ".join(parts)
    return command if field is None else f"{field}=$({command} | field {field})"


def _body(handler: str, **variables: str) -> str:
    """Return the body of the OpenAPI document's example, with variables of the shell in place of these values."""
    body = json.dumps(body_of(handler))
    for name, value in variables.items():
        body = body.replace(value, f"'\"${name}\"'")
    return body


def _open(path: str) -> str:
    return f'curl -sS --fail-with-body -X GET "$UPWELL_URL{path}"'


EXAMPLES: dict[str, str] = {
    "GET /healthz": _open("/healthz"),
    "GET /readyz": _open("/readyz"),
    "POST /v1/namespaces": _call(
        "POST",
        "/v1/namespaces",
        _body("create_namespace"),
        namespace=False,
    ),
    "POST /v1/namespaces/list": _call(
        "POST", "/v1/namespaces/list?limit=20", _body("list_namespaces"), namespace=False
    ),
    "GET /v1/namespaces/{namespace_identifier}": _call("GET", "/v1/namespaces/drafts", namespace=False),
    "PUT /v1/namespaces/{namespace_identifier}": _call(
        "PUT", "/v1/namespaces/drafts", _body("update_namespace"), namespace=False
    ),
    "PATCH /v1/namespaces/{namespace_identifier}": _call(
        "PATCH", "/v1/namespaces/sketches", _body("patch_namespace"), namespace=False
    ),
    "DELETE /v1/namespaces/{namespace_identifier}": _call(
        "DELETE", "/v1/namespaces/sketches", namespace=False, field="task_id"
    ),
    "GET /v1/tasks/{task_id}": _call("GET", "/v1/tasks/$task_id", namespace=False),
    "POST /v1/tasks/list": _call("POST", "/v1/tasks/list?limit=5", _body("list_tasks"), namespace=False),
    "POST /v1/buckets": _call(
        "POST",
        "/v1/buckets",
        _body("create_bucket"),
    ),
    "POST /v1/buckets/list": _call("POST", "/v1/buckets/list", _body("list_buckets")),
    "GET /v1/buckets/{bucket_identifier}": _call("GET", "/v1/buckets/reports"),
    "PUT /v1/buckets/{bucket_identifier}": _call("PUT", "/v1/buckets/reports", _body("update_bucket")),
    "PATCH /v1/buckets/{bucket_identifier}": _call("PATCH", "/v1/buckets/reports", _body("patch_bucket")),
    "DELETE /v1/buckets/{bucket_identifier}": _call("DELETE", "/v1/buckets/monthly-reports"),
    "POST /v1/buckets/{bucket_identifier}/uploads": "\n".join(
        [
            "printf 'Low water at noon.\\n' > tide.txt",
            "answer=$("
            + _call(
                "POST",
                f"{_BUCKET}/uploads",
                _body("create_upload"),
            )
            + ")",
            'upload_id=$(printf %s "$answer" | field upload_id)',
            'presigned_url=$(printf %s "$answer" | field presigned_url)',
            'curl -sS --fail-with-body -T tide.txt -H "Content-Type: text/plain" "$presigned_url"',
        ]
    ),
    "POST /v1/buckets/{bucket_identifier}/uploads/list": _call(
        "POST", f"{_BUCKET}/uploads/list?include_total=true", _body("list_uploads")
    ),
    "POST /v1/buckets/{bucket_identifier}/duplicates/list": _call(
        "POST", f"{_BUCKET}/duplicates/list?include_total=true", _body("list_avoided_duplicates")
    ),
    "GET /v1/buckets/{bucket_identifier}/uploads/{upload_id}": _call("GET", f"{_BUCKET}/uploads/$upload_id"),
    "POST /v1/buckets/{bucket_identifier}/uploads/{upload_id}/confirm": _call(
        "POST", f"{_BUCKET}/uploads/$upload_id/confirm", _body("confirm_upload"), field="object_id"
    ),
    "POST /v1/buckets/{bucket_identifier}/uploads/{upload_id}/parts/sign": "\n".join(
        [
            _call(
                "POST",
                f"{_BUCKET}/uploads",
                '{"filename": "tides.txt", "content_type": "text/plain", "blob_property": "text",'
                ' "multipart": "always"}',
                field="upload_id",
            ),
            "part_url=$("
            + _call("POST", f"{_BUCKET}/uploads/$upload_id/parts/sign", _body("sign_parts"))
            + ' | sed \'s/.*"url":"\\([^"]*\\)".*/\\1/\')',
            'curl -sS --fail-with-body -T tide.txt "$part_url"',
        ]
    ),
    "GET /v1/buckets/{bucket_identifier}/uploads/{upload_id}/parts": _call(
        "GET", f"{_BUCKET}/uploads/$upload_id/parts"
    ),
    "POST /v1/uploads/{upload_id}/parts/sign": _call(
        "POST", "/v1/uploads/$upload_id/parts/sign", '{"parts": [{"part_number": 2, "size_bytes": 19}]}'
    ),
    "GET /v1/uploads/{upload_id}/parts": _call("GET", "/v1/uploads/$upload_id/parts"),
    "POST /v1/buckets/{bucket_identifier}/uploads/{upload_id}/sign": _call(
        "POST", f"{_BUCKET}/uploads/$upload_id/sign"
    ),
    "POST /v1/uploads/{upload_id}/sign": _call("POST", "/v1/uploads/$upload_id/sign"),
    "GET /v1/uploads/{upload_id}": _call("GET", "/v1/uploads/$upload_id"),
    "GET /v1/buckets/{bucket_identifier}/uploads/{upload_id}/events": _call(
        "GET", f"{_BUCKET}/uploads/$upload_id/events"
    ),
    "GET /v1/uploads/{upload_id}/events": _call("GET", "/v1/uploads/$upload_id/events"),
    "GET /v1/events": _call("GET", "/v1/events?after=0&types=upload.*&limit=10", namespace=False),
    "POST /v1/events/tokens": _call("POST", "/v1/events/tokens", _body("create_event_token", UPWELL_BUCKET="files")),
    "GET /v1/events/schemas/{tag}": _open("/v1/events/schemas/upload.completed.v1"),
    "POST /v1/uploads/{upload_id}/confirm": "\n".join(
        ["# again: the second time changes nothing", _call("POST", "/v1/uploads/$upload_id/confirm")]
    ),
    "GET /v1/buckets/{bucket_identifier}/objects/{object_identifier}": _call("GET", f"{_BUCKET}/objects/$object_id"),
    "POST /v1/buckets/{bucket_identifier}/objects": _call(
        "POST",
        f"{_BUCKET}/objects",
        _body("create_object"),
        field="object_id",
    ),
    "POST /v1/buckets/{bucket_identifier}/objects/batch": _call(
        "POST", f"{_BUCKET}/objects/batch", _body("create_objects")
    ),
    "POST /v1/buckets/{bucket_identifier}/objects/list": _call(
        "POST", f"{_BUCKET}/objects/list?limit=5", _body("list_objects")
    ),
    "PUT /v1/buckets/{bucket_identifier}/objects/{object_identifier}": _call(
        "PUT", f"{_BUCKET}/objects/$object_id", _body("update_object")
    ),
    "PATCH /v1/buckets/{bucket_identifier}/objects/{object_identifier}": _call(
        "PATCH", f"{_BUCKET}/objects/$object_id", _body("patch_object")
    ),
    "DELETE /v1/buckets/{bucket_identifier}/objects/{object_identifier}": _call(
        "DELETE", f"{_BUCKET}/objects/$object_id"
    ),
    "POST /v1/buckets/{bucket_identifier}/uploads/batch": "\n".join(
        [
            "answer=$("
            + _call(
                "POST",
                f"{_BUCKET}/uploads/batch",
                _body("create_uploads"),
            )
            + ")",
            'upload_id=$(printf %s "$answer" | sed \'s/.*"upload_id":"\\(upl_[a-z0-9]*\\)".*/\\1/\')',
        ]
    ),
    "POST /v1/buckets/{bucket_identifier}/uploads/confirm/batch": _call(
        "POST",
        f"{_BUCKET}/uploads/confirm/batch",
        _body("confirm_uploads", upload_id=body_of("confirm_uploads")["confirmations"][0]["upload_id"]),
        field="task_id",
    ),
    # without --fail-with-body: a task that has ended already is a refusal
    "DELETE /v1/tasks/{task_id}": _call("DELETE", "/v1/tasks/$task_id", namespace=False).replace(
        " --fail-with-body", ""
    ),
    "DELETE /v1/buckets/{bucket_identifier}/uploads/{upload_id}": "\n".join(
        [
            _call(
                "POST",
                f"{_BUCKET}/uploads",
                '{"filename": "spring.txt", "content_type": "text/plain", "blob_property": "text"}',
                field="upload_id",
            ),
            _call("DELETE", f"{_BUCKET}/uploads/$upload_id"),
        ]
    ),
    "DELETE /v1/uploads/{upload_id}": "\n".join(
        ["# again: it is canceled already", _call("DELETE", "/v1/uploads/$upload_id?delete_s3_object=false")]
    ),
    "POST /v1/organizations/users/{user_email}/api-keys": _call(
        "POST",
        "/v1/organizations/users/ann@example.com/api-keys",
        _body("create_api_key"),
        namespace=False,
    ),
    "GET /v1/organizations/users/{user_email}/api-keys": _call(
        "GET", "/v1/organizations/users/ann@example.com/api-keys?include_revoked=true", namespace=False
    ),
    "PATCH /v1/organizations/users/{user_email}/api-keys/{key_name}": _call(
        "PATCH",
        "/v1/organizations/users/ann@example.com/api-keys/scanner",
        _body("update_api_key"),
        namespace=False,
    ),
    "POST /v1/organizations/users/{user_email}/api-keys/{key_name}/rotate": _call(
        "POST",
        "/v1/organizations/users/ann@example.com/api-keys/scanner/rotate?overlap_seconds=3600",
        namespace=False,
    ),
    "GET /v1/organizations": _call("GET", "/v1/organizations", namespace=False),
    "PATCH /v1/organizations": _call("PATCH", "/v1/organizations", _body("update_organization"), namespace=False),
    "GET /v1/organizations/usage": _call("GET", "/v1/organizations/usage?start=2026-01-01", namespace=False),
    "GET /v1/organizations/audit/logs": _call(
        "GET", "/v1/organizations/audit/logs?resource_type=api_key&limit=5", namespace=False
    ),
    "GET /v1/analytics/overview": _call("GET", "/v1/analytics/overview?hours=168&group_by=day", namespace=False),
    "GET /v1/analytics/buckets/{bucket_identifier}/upload-performance": _call(
        "GET", "/v1/analytics/buckets/$UPWELL_BUCKET/upload-performance?hours=24&group_by=hour"
    ),
    "GET /v1/analytics/buckets/{bucket_identifier}/storage": _call(
        "GET", "/v1/analytics/buckets/$UPWELL_BUCKET/storage?group_by=week"
    ),
    "GET /v1/analytics/buckets/{bucket_identifier}/usage": _call(
        "GET", "/v1/analytics/buckets/$UPWELL_BUCKET/usage?start_date=2026-01-01T00:00:00Z&group_by=month"
    ),
    "POST /v1/organizations/webhooks": _call(
        "POST",
        "/v1/organizations/webhooks",
        _body("create_webhook"),
        namespace=False,
        field="webhook_id",
    ),
    "POST /v1/organizations/webhooks/list": _call(
        "POST", "/v1/organizations/webhooks/list", _body("list_webhooks"), namespace=False
    ),
    "GET /v1/organizations/webhooks/{identifier}": _call(
        "GET", "/v1/organizations/webhooks/$webhook_id", namespace=False
    ),
    "PUT /v1/organizations/webhooks/{identifier}": _call(
        "PUT",
        "/v1/organizations/webhooks/warehouse",
        _body("update_webhook"),
        namespace=False,
    ),
    "POST /v1/organizations/webhooks/{identifier}/rotate-secret": _call(
        "POST", "/v1/organizations/webhooks/warehouse/rotate-secret?overlap_seconds=3600", namespace=False
    ),
    "POST /v1/organizations/webhooks/{identifier}/ping": _call(
        "POST", "/v1/organizations/webhooks/warehouse/ping", namespace=False
    ),
    "GET /v1/organizations/webhooks/{identifier}/deliveries": _call(
        "GET", "/v1/organizations/webhooks/warehouse/deliveries?status=failed&limit=5", namespace=False
    ),
    "POST /v1/organizations/webhooks/{identifier}/replay": _call(
        "POST", "/v1/organizations/webhooks/warehouse/replay", _body("replay_webhook"), namespace=False
    ),
    # without --fail-with-body: this webhook does not exist yet
    "POST /v1/organizations/webhooks/{identifier}/deliveries/{delivery_id}/redeliver": _call(
        "POST",
        "/v1/organizations/webhooks/warehouse/deliveries/msg_0123456789abcdef_42/redeliver",
        namespace=False,
    ).replace(" --fail-with-body", ""),
    "DELETE /v1/organizations/webhooks/{identifier}": _call(
        "DELETE", "/v1/organizations/webhooks/warehouse", namespace=False
    ),
    "POST /v1/upload-tokens": _call(
        "POST", "/v1/upload-tokens", _body("create_upload_token", UPWELL_BUCKET="files"), field="token_id"
    ),
    "GET /v1/upload-tokens": _call("GET", "/v1/upload-tokens?subject=user-42"),
    "GET /v1/upload-tokens/{token_id}": _call("GET", "/v1/upload-tokens/$token_id"),
    "POST /v1/upload-tokens/{token_id}/renew": _call(
        "POST", "/v1/upload-tokens/$token_id/renew", _body("renew_upload_token")
    ),
    "DELETE /v1/upload-tokens/{token_id}": _call("DELETE", "/v1/upload-tokens/$token_id"),
    "DELETE /v1/upload-tokens": _call(
        "DELETE", "/v1/upload-tokens?bucket=$UPWELL_BUCKET&subject=user-42&open_uploads=cancel"
    ),
    "DELETE /v1/organizations/users/{user_email}/api-keys/{key_name}": _call(
        "DELETE", "/v1/organizations/users/ann@example.com/api-keys/scanner", namespace=False
    ),
}


def calls(name: str) -> bool:
    """Return whether the example of a route calls it."""
    method, path = name.split(" ")
    pattern = re.escape(path)
    pattern = re.sub(r"\\{\w+\\}", r'[^/"?]+', pattern)
    return re.search(rf'-X {method} "\$UPWELL_URL{pattern}(\?[^"]*)?"', EXAMPLES.get(name, "")) is not None
