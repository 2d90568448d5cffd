"""Botocore's description of S3, which every process keeps in memory."""

import json
from typing import Any

from adapters.s3.client import _SESSION


def test_the_description_of_s3_is_loaded_without_its_documentation() -> None:
    model: dict[str, Any] = _SESSION.get_component("data_loader").load_service_model("s3", "service-2")
    assert model["operations"]["HeadObject"]["documentation"] == ""
    assert model["shapes"]["HeadObjectRequest"]["members"]["Key"]["location"] == "uri"
    assert len(json.dumps(model)) < 500_000
