"""Replaces the command `aws s3api` of the pages: the same arguments, sent by botocore to a storage of the tests.

The parameters of every call are held to botocore's own model of S3.
"""

import json
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.model import Shape, StructureShape


def call(client: Any, words: list[str], folder: Path) -> Any:  # noqa: ANN401  # clients are made at run time
    """Do what `aws s3api OPERATION --parameter value …` does in a folder; return the answer."""
    operation, given = words[2], dict(zip(words[3::2], words[4::2], strict=True))
    method = operation.replace("-", "_")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    members = {f"--{xform_name(name, '-')}": (name, shape) for name, shape in model.members.items()}
    given.pop("--region", None)  # the client's
    arguments = {members[flag][0]: _value(text, members[flag][1], folder) for flag, text in given.items()}
    return getattr(client, method)(**arguments)


def _value(text: str, shape: Shape, folder: Path) -> Any:  # noqa: ANN401  # any value of the parameter
    """Return the value of `file://…`, `Key=value,…` or a plain word."""
    if text.startswith("file://"):
        text = (folder / text.removeprefix("file://")).read_text(encoding="utf-8")
        return json.loads(text) if isinstance(shape, StructureShape) else text
    if not isinstance(shape, StructureShape):
        return text
    pairs = (pair.split("=", 1) for pair in text.split(","))
    return {name: value == "true" if value in {"true", "false"} else value for name, value in pairs}
