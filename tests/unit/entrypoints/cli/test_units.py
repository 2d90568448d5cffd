import pytest

from entrypoints.cli.units import size_bytes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("1000", 1000),
        ("5GB", 5 * 10**9),
        ("5 gb", 5 * 10**9),
        ("5G", 5 * 10**9),
        ("1.5kB", 1500),
        ("512MiB", 512 * 1024**2),
        ("1TiB", 1024**4),
        ("7B", 7),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, expected: int) -> None:
    assert size_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "GB", "-1", "5XB", "5iB", "1e3", "five", "5GB5"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size: write a number of bytes, or a unit with it, such as 500MB"):
        size_bytes(text)
