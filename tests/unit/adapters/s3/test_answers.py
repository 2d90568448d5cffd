"""The relevant parts of S3's answers."""

import pytest

from adapters.s3.answers import full_sha256

SHA256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
HEX = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, None),
        ({"ChecksumSHA256": SHA256}, HEX),
        ({"ChecksumSHA256": SHA256, "ChecksumType": "FULL_OBJECT"}, HEX),
        ({"ChecksumSHA256": SHA256, "ChecksumType": "COMPOSITE"}, None),
        ({"ChecksumSHA256": f"{SHA256}-2"}, None),
        ({"ChecksumSHA256": f"{SHA256}-2", "ChecksumType": "COMPOSITE"}, None),
        ({"ChecksumSHA256": "AAAA"}, None),
        ({"ChecksumSHA256": "nonsense"}, None),
        ({"ChecksumCRC32": "AAAAAA==", "ChecksumType": "FULL_OBJECT"}, None),
    ],
)
def test_only_a_checksum_of_the_full_object_counts(found: dict[str, str], expected: str | None) -> None:
    assert full_sha256(found) == expected
