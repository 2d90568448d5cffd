"""The checks before a URL is issued: each refusal, and which of two broken rules wins."""

from typing import Any

import msgspec
import pytest

from domain.buckets.bucket import Policy, UniqueKey, canonical_digest
from domain.buckets.schema import FieldType, parse_schema
from domain.organizations.organization import GB, MB, TierLimits
from domain.refusals import ForbiddenError, InvalidInputError, RefusedError
from domain.uploads import admission
from domain.uploads.admission import (
    CHECKS,
    OBJECT_CHECKS,
    Admitted,
    Announcement,
    BucketRules,
    Candidate,
    Check,
    admit,
)
from domain.uploads.content_rules import ContentRules
from domain.uploads.parts import (
    MAX_PART_BYTES,
    MAX_PARTS,
    MIN_PART_BYTES,
    SINGLE_PUT_LIMIT_BYTES,
    USUAL_PART_BYTES,
    Multipart,
)

LIMITS = TierLimits(file_size_bytes=100 * MB, quota_bytes=None)
WIDE = TierLimits(file_size_bytes=50 * GB, quota_bytes=None)
ONE_FILE = parse_schema({"properties": {"video": {"type": "video"}, "title": {"type": "string"}}})
TWO_FILES = parse_schema(
    {"properties": {"video": {"type": "video"}, "sheet": {"type": "excel"}, "n": {"type": "integer", "required": True}}}
)
BUCKET = BucketRules(schema=ONE_FILE, unique_key=None)
CLIP = Announcement(filename="clip.mp4", content_type="video/mp4", declared_size_bytes=1000)
CONTENT = ContentRules(
    allowed_content_types=("video/*", "image/png"), min_file_size_bytes=10, max_file_size_bytes=10**9
)
KEYED = BucketRules(
    schema=ONE_FILE, unique_key=UniqueKey(fields=("title",), default_policy=Policy.UPSERT), content=CONTENT
)


def clip(**changed: Any) -> Announcement:  # noqa: ANN401  # any field values of an announcement
    return msgspec.structs.replace(CLIP, **changed)


def refused(
    announced: Announcement,
    bucket: BucketRules = BUCKET,
    limits: TierLimits = LIMITS,
    *,
    by: type[RefusedError] = InvalidInputError,
) -> RefusedError:
    with pytest.raises(by) as caught:
        admit(announced, bucket, limits)
    assert type(caught.value) is by
    return caught.value


def test_a_file_that_fits_is_admitted_as_the_schemas_only_file_property() -> None:
    assert admit(CLIP, BUCKET, LIMITS) == Admitted(
        blob_property="video", blob_type="VIDEO", unique_key=None, policy=Policy.INSERT
    )


GALLERY = BucketRules(
    schema=parse_schema(
        {
            "properties": {
                "poster": {"type": "image"},
                "photo": {"type": "image"},
                "trailer": {"type": "video"},
                "table": {"type": "excel"},
                "notes": {"type": "text"},
                "title": {"type": "string"},
            }
        }
    ),
    unique_key=None,
)


@pytest.mark.parametrize(
    ("filename", "content_type", "expected"),
    [
        ("photo.png", "image/png", "photo"),  # the stem, if that property matches
        ("poster.mp4", "video/mp4", "trailer"),  # the stem does not match, and one property does
        ("holiday.mp4", "video/mp4", "trailer"),
        ("title.mp4", "video/mp4", "trailer"),  # a stem that names no property for files
        ("notes.csv", "text/csv", "notes"),
    ],
)
def test_a_file_goes_to_the_property_of_its_name_or_to_the_only_one_that_matches(
    filename: str, content_type: str, expected: str
) -> None:
    assert admit(clip(filename=filename, content_type=content_type), GALLERY, LIMITS).blob_property == expected


def test_a_blob_type_chooses_among_the_properties_that_match() -> None:
    csv = clip(filename="data.csv", content_type="text/csv")

    assert refused(csv, GALLERY).details["choices"] == ["table", "notes"]
    assert admit(msgspec.structs.replace(csv, blob_type="text"), GALLERY, LIMITS).blob_property == "notes"
    assert refused(msgspec.structs.replace(csv, blob_type="video"), GALLERY).code == "blob_property_required"


def test_where_several_properties_match_the_refusal_names_them() -> None:
    refusal = refused(clip(filename="holiday.png", content_type="image/png"), GALLERY)

    assert refusal.code == "blob_property_required"
    assert refusal.details["choices"] == ["poster", "photo"]
    assert "poster, photo" in refusal.message


def test_where_no_property_matches_the_refusal_names_those_for_files() -> None:
    refusal = refused(clip(filename="poster.mp3", content_type="audio/mpeg"), GALLERY)

    assert refusal.code == "content_type_does_not_fit"
    assert refusal.details["file_properties"] == ["poster", "photo", "trailer", "table", "notes"]


@pytest.mark.parametrize("declared", [None, 8 * 2**20 + 1])
def test_the_buckets_part_size_is_only_a_default(declared: int | None) -> None:
    own, usual = MIN_PART_BYTES, 8 * 2**20
    announced = clip(declared_size_bytes=declared, multipart=Multipart.ALWAYS)

    assert admit(announced, BUCKET, LIMITS, usual).part_size == usual
    assert admit(msgspec.structs.replace(announced, part_size=own), BUCKET, LIMITS, usual).part_size == own
    assert admit(clip(declared_size_bytes=declared), BUCKET, LIMITS, usual).part_size is None


@pytest.mark.parametrize("blob_type", ["video", "VIDEO", "Video"])
def test_a_blob_type_is_taken_in_any_case(blob_type: str) -> None:
    assert admit(clip(blob_type=blob_type), BUCKET, LIMITS).blob_type == "VIDEO"


def test_a_document_is_the_first_of_its_types_that_the_content_type_fits() -> None:
    sheet = parse_schema({"properties": {"table": {"type": "excel"}, "notes": {"type": "text"}}})
    csv = clip(filename="table.csv", content_type="text/csv", blob_type="document")

    assert admit(csv, BucketRules(schema=sheet, unique_key=None), LIMITS).blob_type == "EXCEL"
    refusal = refused(msgspec.structs.replace(csv, blob_property="notes"), BucketRules(schema=sheet, unique_key=None))
    assert refusal.code == "blob_type_does_not_fit"


def test_the_default_of_a_property_is_part_of_the_unique_key() -> None:
    schema = parse_schema({"properties": {"video": {"type": "video"}, "title": {"type": "string", "default": "t"}}})
    keyed = BucketRules(schema=schema, unique_key=KEYED.unique_key)

    assert admit(CLIP, keyed, LIMITS).unique_key == admit(clip(**TITLE), keyed, LIMITS).unique_key is not None


def test_without_a_schema_a_missing_unique_key_is_reported_first() -> None:
    rules = BucketRules(schema=None, unique_key=KEYED.unique_key)

    assert refused(CLIP, rules).code == "unique_key_missing"


def test_a_named_property_wins_over_the_filename() -> None:
    rules = BucketRules(schema=TWO_FILES, unique_key=None)

    admitted = admit(clip(filename="sheet.mp4", blob_property="video", object_metadata={"n": 1}), rules, LIMITS)

    assert admitted.blob_property == "video"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ("clip", "VIDEO")),
        ({"filename": "my clip.mp4"}, (None, "VIDEO")),
        ({"filename": "my clip.mp4", "blob_property": "film"}, ("film", "VIDEO")),
        ({"content_type": "application/octet-stream"}, ("clip", None)),
        ({"content_type": "application/octet-stream", "blob_type": "pdf"}, ("clip", "PDF")),
        ({"content_type": "text/csv"}, ("clip", "EXCEL")),
    ],
)
@pytest.mark.parametrize("schema", [None, ONE_FILE])
def test_where_no_object_is_made_the_schema_is_not_asked(
    changed: dict[str, Any],
    expected: tuple[str | None, str | None],
    schema: Any,  # noqa: ANN401  # a schema or none
) -> None:
    announced = clip(create_object=False, object_metadata={"title": 7}, **changed)

    admitted = admit(announced, BucketRules(schema=schema, unique_key=None), LIMITS)

    assert (admitted.blob_property, admitted.blob_type) == expected


def test_a_declared_size_at_the_limits_is_admitted() -> None:
    admit(clip(declared_size_bytes=100 * MB), BUCKET, LIMITS)
    admit(clip(declared_size_bytes=SINGLE_PUT_LIMIT_BYTES), BUCKET, WIDE)
    admit(clip(declared_size_bytes=None), BUCKET, LIMITS)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"metadata": {"a": "\0"}}, "null_character"),
        ({"metadata": {"a": "x" * 16384}}, "metadata_too_large"),
        ({"object_metadata": {"\0": 1}}, "null_character"),
        ({"object_metadata": {"a": "x" * 16384}}, "metadata_too_large"),
        ({"filename": ".."}, "invalid_filename"),
        ({"filename": "a/b"}, "invalid_filename"),
        ({"content_type": "video"}, "invalid_content_type"),
        ({"blob_type": "hologram"}, "invalid_blob_type"),
        ({"blob_property": "a b"}, "invalid_blob_property"),
        ({"blob_property": ""}, "invalid_blob_property"),
        ({"blob_property": "video\n"}, "invalid_blob_property"),
        ({"blob_property": "film"}, "unknown_blob_property"),
        ({"blob_property": "title"}, "content_type_does_not_fit"),
        ({"content_type": "image/png"}, "content_type_does_not_fit"),
        ({"content_type": "application/octet-stream"}, "content_type_does_not_fit"),
        ({"blob_type": "IMAGE"}, "blob_type_does_not_fit"),
        ({"object_metadata": {"title": 7}}, "schema_violation"),
    ],
)
def test_each_broken_rule_is_refused_with_its_code(changed: dict[str, Any], code: str) -> None:
    refusal = refused(clip(**changed))

    assert refusal.code == code
    assert refusal.message


@pytest.mark.parametrize("schema", [None, parse_schema({"properties": {}})])
def test_an_object_needs_a_schema(schema: Any) -> None:  # noqa: ANN401  # a schema or none
    assert refused(CLIP, BucketRules(schema=schema, unique_key=None)).code == "no_schema"


def test_a_schema_with_only_other_properties_has_no_place_for_a_file() -> None:
    rules = BucketRules(schema=parse_schema({"properties": {"title": {"type": "string"}}}), unique_key=None)

    assert refused(CLIP, rules).code == "content_type_does_not_fit"
    assert "it has none" in refused(CLIP, rules).message


def test_a_file_over_the_tiers_limit_is_forbidden() -> None:
    refusal = refused(clip(declared_size_bytes=100 * MB + 1), by=ForbiddenError)

    assert refusal.code == "file_too_large"
    assert refusal.details == {"file_size_bytes": 100 * MB + 1, "limit_bytes": 100 * MB}


def test_a_file_over_5_gib_needs_multipart_on_every_tier() -> None:
    big = clip(declared_size_bytes=SINGLE_PUT_LIMIT_BYTES + 1, multipart=Multipart.NEVER)
    assert refused(big, limits=WIDE).code == "needs_multipart"


def test_metadata_of_exactly_16_kib_is_admitted() -> None:
    largest = {"a": "x" * (16384 - len('{"a":""}'))}

    admit(clip(metadata=largest, object_metadata=largest), BUCKET, LIMITS)


def test_the_blobs_own_property_counts_as_given() -> None:
    schema = parse_schema({"properties": {"video": {"type": "video", "required": True}}})

    admit(CLIP, BucketRules(schema=schema, unique_key=None), LIMITS)


def test_a_missing_required_property_is_refused() -> None:
    announced = clip(blob_property="video")

    refusal = refused(announced, BucketRules(schema=TWO_FILES, unique_key=None))

    assert (refusal.code, refusal.details) == ("schema_violation", {"problems": ["n is required"]})


def test_the_unique_key_is_kept_as_a_digest_of_its_values() -> None:
    admitted = admit(clip(object_metadata={"title": "A clip", "other": 1}), KEYED, LIMITS)

    assert admitted.unique_key == canonical_digest(("A clip",))
    assert admitted.policy is Policy.UPSERT


def test_a_bucket_without_a_policy_of_its_own_inserts() -> None:
    rules = BucketRules(schema=ONE_FILE, unique_key=UniqueKey(fields=("title",)))

    assert admit(clip(object_metadata={"title": "A"}), rules, LIMITS).policy is Policy.INSERT


def test_the_unique_key_is_not_asked_for_where_no_object_is_made() -> None:
    assert admit(clip(create_object=False), KEYED, LIMITS).unique_key is None


@pytest.mark.parametrize("metadata", [None, {}, {"title": None}])
def test_a_missing_unique_key_value_is_refused(metadata: dict[str, Any] | None) -> None:
    assert refused(clip(object_metadata=metadata), KEYED).code == "unique_key_missing"


# The documented order. Each line breaks one rule; of two lines, the upper one wins.
ORDER: tuple[tuple[str, dict[str, Any], type[RefusedError]], ...] = (
    ("null_character", {"metadata": {"a": "\0"}}, InvalidInputError),
    ("metadata_too_large", {"object_metadata": {"a": "x" * 16384, "title": "t"}}, InvalidInputError),
    ("unique_key_too_long", {"object_metadata": {"title": "x" * 513}}, InvalidInputError),
    ("invalid_filename", {"filename": "a/b"}, InvalidInputError),
    ("invalid_content_type", {"content_type": "video"}, InvalidInputError),
    ("file_too_large", {"declared_size_bytes": 100 * MB + 1}, ForbiddenError),
    ("file_too_small", {"declared_size_bytes": 9}, ForbiddenError),
    ("content_type_not_allowed", {"content_type": "image/gif"}, ForbiddenError),
    ("unknown_blob_property", {"blob_property": "film"}, InvalidInputError),
    ("content_type_does_not_fit", {"content_type": "image/png"}, InvalidInputError),
    ("schema_violation", {"object_metadata": {"title": 7}}, InvalidInputError),
)
PAIRS = [
    (upper, lower)
    for index, upper in enumerate(ORDER)
    for lower in ORDER[index + 1 :]
    if not upper[1].keys() & lower[1].keys()  # one value cannot break two rules in two ways here
]


@pytest.mark.parametrize(("upper", "lower"), PAIRS, ids=lambda line: line[0])
def test_of_two_broken_rules_the_first_in_the_documented_order_wins(
    upper: tuple[str, dict[str, Any], type[RefusedError]], lower: tuple[str, dict[str, Any], type[RefusedError]]
) -> None:
    code, changed, by = upper

    refusal = refused(clip(**{"object_metadata": {"title": "t"}, **lower[1], **changed}), KEYED, by=by)

    assert refusal.code == code


@pytest.mark.parametrize("line", ORDER, ids=lambda line: line[0])
def test_each_line_of_the_order_breaks_one_rule(line: tuple[str, dict[str, Any], type[RefusedError]]) -> None:
    code, changed, by = line

    assert refused(clip(**{"object_metadata": {"title": "t"}, **changed}), KEYED, by=by).code == code


@pytest.mark.parametrize(
    ("announced", "code"),
    [
        (clip(declared_size_bytes=9), "file_too_small"),
        (clip(declared_size_bytes=10), None),
        (clip(declared_size_bytes=20), None),
        (clip(declared_size_bytes=21), "file_too_large"),
        (clip(declared_size_bytes=21, content_type="text/plain"), "file_too_large"),
        (clip(declared_size_bytes=None), None),
        (clip(content_type="VIDEO/webm; codecs=vp9", declared_size_bytes=10), None),
        (clip(content_type="application/pdf", declared_size_bytes=10), None),
        (clip(content_type="application/pdfx", declared_size_bytes=10), "content_type_not_allowed"),
        (clip(content_type="text/plain", declared_size_bytes=10), "content_type_not_allowed"),
    ],
)
def test_a_bucket_takes_files_of_its_sizes_and_types(announced: Announcement, code: str | None) -> None:
    content = ContentRules(
        allowed_content_types=("video/*", "application/pdf"), min_file_size_bytes=10, max_file_size_bytes=20
    )
    rules = BucketRules(schema=None, unique_key=None, content=content)
    announced = msgspec.structs.replace(announced, create_object=False)

    if code is None:
        admit(announced, rules, LIMITS)
    else:
        assert refused(announced, rules, by=ForbiddenError).code == code


def test_a_bucket_without_rules_takes_any_file() -> None:
    announced = clip(content_type="application/x-whatever", declared_size_bytes=1, create_object=False)

    admit(announced, BucketRules(schema=None, unique_key=None), LIMITS)


def test_the_limit_of_the_tier_is_reported_before_that_of_the_bucket() -> None:
    rules = BucketRules(schema=None, unique_key=None, content=ContentRules(max_file_size_bytes=10))

    refusal = refused(clip(declared_size_bytes=100 * MB + 1), rules, by=ForbiddenError)
    assert refusal.details["limit_bytes"] == LIMITS.file_size_bytes


def test_without_a_schema_a_file_that_is_too_large_is_refused_for_its_size_first() -> None:
    rules = BucketRules(schema=None, unique_key=None)

    assert refused(clip(declared_size_bytes=100 * MB + 1), rules, by=ForbiddenError).code == "file_too_large"


def test_the_limit_of_the_tier_is_reported_before_that_of_a_single_put() -> None:
    announced = clip(declared_size_bytes=SINGLE_PUT_LIMIT_BYTES + 1)

    assert refused(announced, by=ForbiddenError).code == "file_too_large"


def test_storage_can_check_a_single_put_by_its_hash_and_parts_by_theirs() -> None:
    assert refused(clip(storage_checks=True)).code == "hash_required"

    assert admit(clip(storage_checks=True, declared_sha256="a" * 64), BUCKET, LIMITS).part_size is None
    assert admit(clip(storage_checks=True, multipart=Multipart.ALWAYS), BUCKET, LIMITS).part_size is not None


@pytest.mark.parametrize("multipart", [Multipart.AUTO, Multipart.NEVER])
def test_a_form_carries_what_a_single_put_carries(multipart: Multipart) -> None:
    announced = clip(by_post=True, multipart=multipart, declared_size_bytes=SINGLE_PUT_LIMIT_BYTES)
    larger = clip(by_post=True, multipart=multipart, declared_size_bytes=SINGLE_PUT_LIMIT_BYTES + 1)

    assert admit(announced, BUCKET, ENDLESS).part_size is None
    refusal = refused(larger, limits=ENDLESS)
    assert refusal.code == "needs_multipart"
    assert "method=post" in refusal.message


def test_storage_checks_a_form_by_the_hash_of_the_file() -> None:
    assert refused(clip(by_post=True, storage_checks=True)).code == "hash_required"

    admit(clip(by_post=True, storage_checks=True, declared_sha256="a" * 64), BUCKET, LIMITS)


ENDLESS = TierLimits(file_size_bytes=MAX_PARTS * MAX_PART_BYTES * 2, quota_bytes=None)
NO_SCHEMA = BucketRules(schema=None, unique_key=None)
TITLE = {"object_metadata": {"title": "t"}}
DEEP: dict[str, Any] = {}
for _ in range(33):
    DEEP = {"a": DEEP}
# Every refusal that a check declares, and a file that breaks this rule alone.
REFUSALS: tuple[tuple[Check, str, Announcement, BucketRules], ...] = (
    (admission.METADATA, "metadata_too_large", clip(metadata={"a": "x" * 16384}), BUCKET),
    (admission.METADATA, "too_deep", clip(object_metadata={"a": DEEP}), BUCKET),
    (admission.METADATA, "null_character", clip(metadata={"a": "\0"}), BUCKET),
    (admission.UNIQUE_KEY, "unique_key_missing", CLIP, KEYED),
    (admission.UNIQUE_KEY, "unique_key_too_long", clip(object_metadata={"title": "x" * 513}), KEYED),
    (admission.FILENAME, "invalid_filename", clip(filename=".."), BUCKET),
    (admission.CONTENT_TYPE, "invalid_content_type", clip(content_type="video"), BUCKET),
    (admission.BLOB_TYPE, "invalid_blob_type", clip(blob_type="hologram"), BUCKET),
    (admission.BLOB_TYPE, "blob_type_does_not_fit", clip(blob_type="DOCUMENT"), BUCKET),
    (admission.BLOB_PROPERTY, "invalid_blob_property", clip(blob_property="a b"), BUCKET),
    (admission.TIER_LIMIT, "file_too_large", clip(declared_size_bytes=ENDLESS.file_size_bytes + 1), BUCKET),
    (admission.CONTENT_RULES, "file_too_small", clip(declared_size_bytes=9, **TITLE), KEYED),
    (admission.CONTENT_RULES, "file_too_large", clip(declared_size_bytes=10**9 + 1, **TITLE), KEYED),
    (admission.CONTENT_RULES, "content_type_not_allowed", clip(content_type="image/gif", **TITLE), KEYED),
    (
        admission.PARTS,
        "needs_multipart",
        clip(declared_size_bytes=SINGLE_PUT_LIMIT_BYTES + 1, multipart=Multipart.NEVER),
        BUCKET,
    ),
    (admission.PARTS, "invalid_part_size", clip(part_size=MIN_PART_BYTES - 1), BUCKET),
    (
        admission.PARTS,
        "part_size_too_small",
        clip(declared_size_bytes=MAX_PARTS * MIN_PART_BYTES + 1, part_size=MIN_PART_BYTES),
        BUCKET,
    ),
    (admission.PARTS, "post_has_no_parts", clip(by_post=True, multipart=Multipart.ALWAYS), BUCKET),
    (admission.PARTS, "too_large_for_storage", clip(declared_size_bytes=MAX_PARTS * MAX_PART_BYTES + 1), BUCKET),
    (admission.INTEGRITY, "hash_required", clip(storage_checks=True), BUCKET),
    (admission.SCHEMA, "no_schema", CLIP, NO_SCHEMA),
    (admission.PROPERTY_EXISTS, "unknown_blob_property", clip(blob_property="film"), BUCKET),
    (admission.PROPERTY_EXISTS, "content_type_does_not_fit", clip(content_type="audio/mpeg"), GALLERY),
    (
        admission.PROPERTY_EXISTS,
        "blob_property_required",
        clip(content_type="image/png", filename="holiday.png"),
        GALLERY,
    ),
    (admission.PROPERTY_FITS, "content_type_does_not_fit", clip(content_type="image/png"), BUCKET),
    (admission.BLOB_TYPE_FITS, "blob_type_does_not_fit", clip(blob_type="IMAGE"), BUCKET),
    (admission.VALUES, "schema_violation", clip(object_metadata={"title": 7}), BUCKET),
)


@pytest.mark.parametrize(("check", "code", "announced", "bucket"), REFUSALS, ids=lambda value: str(value)[:30])
def test_a_check_raises_the_refusals_that_it_declares(
    check: Check, code: str, announced: Announcement, bucket: BucketRules
) -> None:
    file = Candidate(announced=announced, bucket=bucket, limits=ENDLESS, usual_part_bytes=USUAL_PART_BYTES)
    order = CHECKS + OBJECT_CHECKS
    for earlier in order[: order.index(check)]:
        earlier.refuse(file)

    with pytest.raises(RefusedError) as caught:
        check.refuse(file)

    assert (type(caught.value), caught.value.code) == (check.refusal, code)


VIDEO = FieldType.VIDEO
# What refusals name, for a program that shows them in the right place.
NAMED: tuple[tuple[Check, str, dict[str, object]], ...] = (
    (admission.METADATA, "metadata_too_large", {"field": "metadata"}),
    (admission.METADATA, "too_deep", {"field": "object_metadata"}),
    (admission.BLOB_TYPE, "invalid_blob_type", {"blob_type": "hologram"}),
    (admission.BLOB_TYPE, "blob_type_does_not_fit", {"blob_type": "DOCUMENT", "content_type": "video/mp4"}),
    (admission.BLOB_PROPERTY, "invalid_blob_property", {"blob_property": "a b"}),
    (admission.INTEGRITY, "hash_required", {"field": "file_hash"}),
    (admission.SCHEMA, "no_schema", {"field": "create_object_on_confirm"}),
    (admission.PROPERTY_EXISTS, "unknown_blob_property", {"blob_property": "film", "file_properties": ["video"]}),
    (
        admission.PROPERTY_EXISTS,
        "blob_property_required",
        {
            "field": "blob_property",
            "content_type": "image/png",
            "file_properties": ["poster", "photo", "trailer", "table", "notes"],
            "choices": ["poster", "photo"],
        },
    ),
    (
        admission.PROPERTY_FITS,
        "content_type_does_not_fit",
        {"content_type": "image/png", "blob_property": "video", "property_type": VIDEO},
    ),
    (
        admission.BLOB_TYPE_FITS,
        "blob_type_does_not_fit",
        {"blob_type": "IMAGE", "blob_property": "video", "property_type": VIDEO},
    ),
)


@pytest.mark.parametrize(("check", "code", "named"), NAMED, ids=lambda value: str(value)[:30])
def test_a_refusal_names_the_field_and_what_was_sent(check: Check, code: str, named: dict[str, object]) -> None:
    announced, bucket = next(
        (announced, bucket) for c, name, announced, bucket in REFUSALS if (c, name) == (check, code)
    )

    assert refused(announced, bucket, ENDLESS).details == named


def test_each_refusal_of_each_check_has_an_example() -> None:
    declared = {(check.subject, code) for check in CHECKS + OBJECT_CHECKS for code in check.codes}

    assert {(check.subject, code) for check, code, *_ in REFUSALS} == declared
