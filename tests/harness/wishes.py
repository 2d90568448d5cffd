"""Wishes of clients: files with announcements, and requests about uploads and objects."""

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.harness.records import sha256
from tests.harness.system import (
    BUCKETS,
    PROPERTIES,
    Ask,
    Cancel,
    Claim,
    Confirm,
    Delete,
    Forget,
    Notify,
    Outcome,
    Request,
    SignAgain,
    SignParts,
)

SHORT, LONG = 60, 3600
WRONG_ETAG = "0" * 32
UNKNOWN = "upl_0000000000nobody"
ABOUT_NOBODY: tuple[Request, ...] = (
    Confirm(upload_id=UNKNOWN, claim=Claim()),
    Cancel(upload_id=UNKNOWN),
    SignParts(upload_id=UNKNOWN, part_numbers=(1,)),
    SignAgain(upload_id=UNKNOWN),
    Notify(upload_id=UNKNOWN, storage_key=f"int_0/ns_0/api_buckets_uploads_create/{UNKNOWN}/file.txt"),
)

bodies = st.builds(
    lambda letter, length: letter * length,
    st.sampled_from([b"a", b"b"]),
    st.sampled_from([10, 10, 10, 0, 1, 29, 30, 31, 40, 41, 50]),
)
titles = st.sampled_from(["one", "two"])
policies = st.sampled_from([None, None, "insert", "upsert", "update"])
steps = st.integers(0, 12)


AboutUpload = Confirm | Cancel | Forget | SignParts | SignAgain | Notify
About = AboutUpload | Delete


@dataclass
class Wish:
    """A file of a client, and its announcement. The two mostly agree."""

    body: bytes
    ask: Ask


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    """Draw a file and an announcement of it."""
    body = draw(bodies)
    promised = draw(bodies) if draw(st.integers(0, 9)) == 0 else body  # sometimes it announces another one
    declares = draw(st.booleans()) and len(promised) > 0
    ask = Ask(
        bucket=draw(st.sampled_from(BUCKETS)),
        size_bytes=len(promised) if declares else None,
        sha256=sha256(promised) if draw(st.booleans()) else None,
        skip_duplicates=draw(st.sampled_from([True, True, False])),
        create_object=draw(st.booleans()),
        title=draw(titles),
        blob_property=draw(st.sampled_from(PROPERTIES)),
        expires_in_seconds=draw(st.sampled_from([SHORT, LONG, LONG])),
        in_parts=draw(st.booleans()),
        by_post=draw(st.booleans()),
        auto_confirm=draw(st.sampled_from([None, None, True, False])),
        expires_after_seconds=draw(st.sampled_from([None, None, None, 1800, 3600])),
    )
    return Wish(body, ask)


claims = st.sampled_from(["nothing", "nothing", "right", "right etag", "right size", "wrong etag", "wrong size"])
names = st.sampled_from(["none", "none", "all", "one less", "one more", "other bytes"])
numbers = st.lists(st.integers(1, 4), min_size=1, max_size=3)
notifications = st.sampled_from(["no more", "twice", "its etag", "an older etag", "gone", "elsewhere", "another key"])
# Requests about one upload that are allowed at any time.
deeds = st.sampled_from(
    ["confirm", "confirm", "confirm as a task", "cancel", "cancel and keep", "sign parts", "sign again", "notify"]
)
outcomes = st.sampled_from([Outcome.WELL, Outcome.WELL, Outcome.FAILS, Outcome.LOST, Outcome.SLOW])
