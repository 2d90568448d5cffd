import unicodedata
from urllib.parse import quote

import pytest

from domain.refusals import InvalidInputError
from domain.uploads.filenames import (
    MAX_KEY_BYTES,
    MAX_SEGMENT_BYTES,
    STORAGE_KEY,
    check,
    property_from,
    stem,
    storage_key,
)

FOLDER = "int_1/ns_1/api_buckets_uploads_create/upl_1/"


def name_in_key(filename: str, *, room_for_the_name: int = 2000) -> str:
    key = storage_key(
        internal_id="int_1",
        namespace_id="ns_1",
        upload_id="upl_1",
        filename=filename,
        room=len(FOLDER) + room_for_the_name,
    )
    assert key.startswith(FOLDER)
    return key.removeprefix(FOLDER)


@pytest.mark.parametrize(
    "filename",
    [
        "clip.mp4",
        "a",
        " ",
        "...",
        ".env",
        "résumé.pdf",
        "re\u0301sume\u0301.pdf",
        "写真.jpg",
        "👩\u200d🚀.png",  # a joiner in the middle of an emoji
        "عطلة.mp4",
        "a%2Fb",
        "x" * 255,
        "🚀" * 255,
    ],
)
def test_a_plain_name_is_kept_as_it_is(filename: str) -> None:
    check(filename)


@pytest.mark.parametrize(
    "filename",
    ["", ".", "..", "a/b", "/", "..\\b", "a\0b", "a\nb", "a\tb", "\x7f", "\x85", "\ud800", "x" * 256, "../clip.mp4"],
)
def test_what_climbs_hides_or_is_too_long_is_refused(filename: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check(filename)

    assert caught.value.code == "invalid_filename"


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("clip.mp4", "clip"),
        ("a.tar.gz", "a.tar"),
        (".env", ".env"),
        ("README", "README"),
        ("a.", "a"),
        ("..b", "."),
        ("", ""),
    ],
)
def test_the_stem_is_the_name_without_its_last_extension(filename: str, expected: str) -> None:
    assert stem(filename) == expected


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("product_video.mp4", "product_video"),
        ("2024.mp4", "2024"),
        ("VIDEO", "VIDEO"),
        ("my clip.mp4", None),
        ("a.tar.gz", None),
        (".env", None),
        ("vidéo.mp4", None),
        ("clip\n.mp4", None),
    ],
)
def test_the_stem_names_a_property_where_it_is_a_valid_name(filename: str, expected: str | None) -> None:
    assert property_from(filename) == expected


def test_a_name_that_fits_stands_in_the_key_as_it_is() -> None:
    assert name_in_key("résumé 1.pdf") == "résumé 1.pdf"


def test_a_name_that_just_fits_is_not_shortened() -> None:
    assert name_in_key("abcdefghijklmnop.mp4", room_for_the_name=20) == "abcdefghijklmnop.mp4"


def test_a_long_name_is_shortened_to_the_last_character_and_keeps_its_extension() -> None:
    assert name_in_key("abcdefghijklmnopq.mp4", room_for_the_name=20) == "abcdefghijklmnop.mp4"


def test_room_is_counted_in_percent_encoded_characters() -> None:
    name = name_in_key("é" * 20 + ".pdf", room_for_the_name=40)

    assert name == "é" * 6 + ".pdf"
    assert len(quote(name)) == 40


def test_a_character_is_never_cut_in_two() -> None:
    assert name_in_key("🚀" * 10, room_for_the_name=35) == "🚀" * 2


@pytest.mark.parametrize("filename", ["🚀" * 255, "x" * 255, "é" * 255, "a" + "\u0301" * 254, "写" * 251 + ".jpg"])
def test_a_segment_is_never_longer_than_servers_that_keep_files_allow(filename: str) -> None:
    name = name_in_key(filename, room_for_the_name=10_000)

    assert len(name.encode()) <= MAX_SEGMENT_BYTES
    assert len(name.encode()) > MAX_SEGMENT_BYTES - 4, "only the necessary part is cut"


def test_the_whole_key_is_never_longer_than_s3_allows() -> None:
    key = storage_key(
        internal_id="int_" + "i" * 400,
        namespace_id="ns_" + "n" * 400,
        upload_id="upl_1",
        filename="x" * 250 + ".mp4",
        room=100_000,
    )

    assert len(key.encode()) == MAX_KEY_BYTES
    assert key.endswith("xxx.mp4")


def test_an_invalid_extension_is_not_kept() -> None:
    assert name_in_key("v1." + "x" * 200, room_for_the_name=20) == "v1." + "x" * 17


@pytest.mark.parametrize("filename", ["..🚀", ".🚀", "🚀.", "...🚀🚀"])
def test_what_is_left_is_never_a_step_upwards(filename: str) -> None:
    for room in range(4, 40):
        name = name_in_key(filename, room_for_the_name=room)
        assert name not in {"", ".", ".."}
        assert len(quote(name)) <= room


def test_nothing_is_normalised() -> None:
    decomposed = unicodedata.normalize("NFD", "résumé.pdf")

    assert name_in_key(decomposed) == decomposed


@pytest.mark.parametrize("filename", ["clip.mp4", " ", "a\u0085b", "ä+ %41.txt", "a/b", "a\nb"])
def test_a_storage_key_names_its_upload(filename: str) -> None:
    found = STORAGE_KEY.fullmatch(FOLDER + filename)

    assert found is not None
    assert found.groupdict() == {
        "internal_id": "int_1",
        "namespace_id": "ns_1",
        "upload_id": "upl_1",
        "filename": filename,
    }


@pytest.mark.parametrize(
    "key",
    [
        "",
        "reports/2030.csv",
        FOLDER,
        f"/{FOLDER}a",
        f"above/{FOLDER}a",
        FOLDER.replace("upl_1", "upl_") + "a",
        FOLDER.replace("upl_1", "UPL_1") + "a",
        FOLDER.replace("create", "delete") + "a",
        FOLDER + "a\0",
    ],
)
def test_a_key_of_another_layout_belongs_to_no_upload(key: str) -> None:
    assert STORAGE_KEY.fullmatch(key) is None
