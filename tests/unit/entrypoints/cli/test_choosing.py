"""The property of a file if the user named none."""

import pytest

from entrypoints.cli.choosing import choose_property
from entrypoints.cli.errors import ClientError
from entrypoints.cli.service import Bucket, Property, Schema


def bucket(**types: str) -> Bucket:
    properties = {name: Property(type=kind) for name, kind in types.items()}
    return Bucket(bucket_id="bkt_1", bucket_name="films", bucket_schema=Schema(properties=properties))


def test_the_only_property_of_the_type_is_taken() -> None:
    assert choose_property(bucket(film="video", poster="image", title="string"), "a.mp4", "video/mp4") == "film"


def test_the_property_named_as_the_file_goes_first() -> None:
    assert choose_property(bucket(poster="image", thumb="image"), "thumb.jpg", "image/jpeg") == "thumb"


def test_a_name_does_not_make_a_property_of_another_type_fit() -> None:
    assert choose_property(bucket(title="string", film="video"), "title.mp4", "video/mp4") == "film"


def test_the_most_fitting_type_goes_first() -> None:
    assert choose_property(bucket(notes="text", table="excel"), "a.csv", "text/csv") == "table"
    assert choose_property(bucket(notes="text"), "a.csv", "text/csv") == "notes"


def test_several_that_fit_are_named() -> None:
    with pytest.raises(ClientError, match=r"several properties of the bucket films \(poster, thumb\).*--property"):
        choose_property(bucket(poster="image", thumb="image"), "a.jpg", "image/jpeg")


@pytest.mark.parametrize("kind", ["application/octet-stream", "video/mp4", "nonsense"])
def test_without_a_match_the_message_lists_the_choices_and_what_to_do(kind: str) -> None:
    with pytest.raises(ClientError, match=r"it has poster \(image\).*--content-type.*--no-object"):
        choose_property(bucket(poster="image", title="string"), "a.bin", kind)


def test_a_bucket_without_a_schema_takes_files_without_objects() -> None:
    with pytest.raises(ClientError, match=r"it has none for files.*--no-object"):
        choose_property(Bucket(bucket_id="b", bucket_name="b"), "a.mp4", "video/mp4")
