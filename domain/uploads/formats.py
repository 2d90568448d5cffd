"""Formats of files: the content types that the same bytes may have, and when bytes contradict the declared one.

One format has many content types (`audio/mp4` and `video/quicktime`), and a format may be the container of many others
(a DOCX is a ZIP archive). Uncertain cases are no contradiction: a type of an application may have any content, and so
may text. `strictly_contradicts` is stricter: if a format has a known beginning, bytes of its types must have it.
"""

import codecs
import functools
import re
from collections.abc import Mapping

from domain.uploads.media_types import ANY_BYTES, essence, parameter

HEAD_BYTES = 4096  # of a file that are examined

_Listed = Mapping[str, tuple[frozenset[str], tuple[str, ...]]]


def _listed(names: Mapping[str, str]) -> _Listed:
    """Return, by format, its content types, and the prefixes of those listed as `…*`."""
    listed = {}
    for name, types in names.items():
        beginnings = tuple(each[:-1] for each in types.split() if each.endswith("*"))
        listed[name] = (frozenset(types.split()), beginnings)
    return listed


# The content types of each format; a final `*` stands for all types with this prefix.
_NAMES = _listed(
    {
        "a PNG image": "image/png image/x-png image/apng image/vnd.mozilla.apng",
        "a JPEG image": "image/jpeg image/jpg image/pjpeg image/jfif",
        "a GIF image": "image/gif",
        "a WebP image": "image/webp",
        "a BMP image": "image/bmp image/x-bmp image/x-ms-bmp image/x-windows-bmp",
        "a TIFF image": "image/tiff* image/x-tiff",
        "a JPEG 2000 image": "image/jp2 image/jpx image/jpm image/jph image/x-jp2",
        "a JPEG XL image": "image/jxl",
        "a PDF document": "application/pdf application/x-pdf application/illustrator application/vnd.adobe.illustrator",
        "a PostScript document": "application/postscript application/eps application/x-eps image/eps image/x-eps",
        "an MP4 or QuickTime file": "video/mp4 video/x-m4v video/quicktime video/3gpp* application/mp4 audio/mp4"
        " audio/m4a audio/x-m4a audio/x-m4b audio/3gpp* image/heic* image/heif* image/avif*",
        "a Matroska or WebM file": "video/webm audio/webm video/x-matroska audio/x-matroska video/matroska"
        " audio/matroska application/x-matroska",
        "an Ogg file": "application/ogg audio/ogg video/ogg audio/opus audio/vorbis audio/speex",
        "an MPEG stream": "audio/mpeg* audio/mp3 audio/x-mp3 audio/x-mpeg* audio/mpa audio/aac* audio/x-aac"
        " audio/x-hx-aac-adts audio/x-mp4a-latm video/mpeg* video/mp2t video/mp1s video/mp2p video/x-mpeg*",
        "a FLAC file": "audio/flac audio/x-flac",
        "a WAV file": "audio/wav audio/x-wav audio/wave audio/vnd.wave audio/x-pn-wav",
        "an AVI file": "video/x-msvideo video/avi video/msvideo video/vnd.avi",
        "a Windows Media file": "video/x-ms-* audio/x-ms-* video/x-asf application/vnd.ms-asf",
        "a ZIP archive": "application/zip application/x-zip application/x-zip-compressed application/java-archive"
        " application/vnd.openxmlformats-officedocument.* application/vnd.oasis.opendocument.* application/x-xpinstall"
        " application/vnd.android.package-archive application/vnd.google-earth.kmz image/openraster",
        "a metafile": "image/emf image/x-emf image/x-emz image/wmf image/x-wmf image/x-wmz image/x-mgx-emf"
        " application/emf application/x-emf application/x-emz application/x-wmf application/x-wmz"
        " application/x-msmetafile",
        "an icon": "image/x-icon image/vnd.microsoft.icon image/ico image/icon",
        "an MXF file": "application/mxf video/mxf video/x-mxf audio/mxf",
        "a DICOM file": "application/dicom image/dicom* image/x-dicom",
        "a Microsoft Office document": "application/msword application/vnd.ms-excel* application/vnd.ms-powerpoint*"
        " application/vnd.ms-word* application/vnd.ms-office application/vnd.visio application/x-ole-storage"
        " application/cdfv2*",
        "a compressed file": "application/gzip application/x-gzip application/x-bzip application/x-bzip2"
        " application/x-xz application/zstd application/x-zstd application/x-compress* application/x-lz*"
        " application/x-tgz",
        "a TAR archive": "application/x-tar application/x-gtar application/x-ustar",
        "a font": "font/* application/font-* application/x-font-* application/vnd.ms-opentype"
        " application/vnd.ms-fontobject",
        "text": "text/* message/* application/json application/x-ndjson application/xml application/xhtml+xml"
        " application/rtf application/javascript application/yaml application/sql image/svg+xml",
    }
)
# Further content types of such bytes: formats in a container, compressed files, and historical names.
_ALSO = _listed(
    {
        "a ZIP archive": "application/msword application/vnd.ms-* application/vnd.google-earth.kml+xml",
        "a Microsoft Office document": "application/vnd.openxmlformats-officedocument.*",  # with a password
        "text": "application/msword application/vnd.ms-* video/x-ms-asf video/x-ms-asx video/x-ms-wmx video/x-ms-wvx"
        " audio/x-ms-wax",
        "a compressed file": "text/* application/json application/x-ndjson application/xml application/sql"
        " image/svg+xml image/svg+xml-compressed application/x-tar application/x-gtar application/postscript"
        " image/emf image/x-em* image/wmf image/x-wm* application/x-em* application/x-wm* application/x-msmetafile",
        "a PDF document": "application/postscript",
        **dict.fromkeys(
            ("a PNG image", "a GIF image", "a JPEG image", "a BMP image"),
            "image/x-icon image/vnd.microsoft.icon image/ico image/icon",
        ),
        "an MP4 or QuickTime file": "audio/aac* audio/x-aac",
        "an Ogg file": "audio/flac audio/x-flac",
        "a PostScript document": "application/illustrator application/vnd.adobe.illustrator text/*",
    }
)
_ENDINGS = {"+zip": "a ZIP archive", "+gzip": "a compressed file", "+xml": "text", "+json": "text"}
# The formats of media without an entry above: any video or audio, any image; raw images of cameras are TIFF inside.
_KINDS: Mapping[str, set[str]] = {
    "image": {"an image", "a TIFF image"},
    "audio": {"film or sound"},
    "video": {"film or sound"},
}
_TEXT = "text"
_MARKUP = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml"})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_COMPRESSED = "a compressed file"
_REMEMBERED = 1000  # content types

# The beginning of each format, from its specification. Formats that are missing here have no fixed beginning.
_BEGINNINGS = {
    name: re.compile(pattern, re.DOTALL)
    for name, pattern in {
        "a PNG image": rb"\x89PNG\r\n\x1a\n",
        "a JPEG image": rb"\xff\xd8\xff",
        "a GIF image": rb"GIF8[79]a",
        "a WebP image": rb"RIFF.{4}WEBP",
        "a BMP image": rb"BM",
        "a TIFF image": rb"II[*+]\0|MM\0[*+]|IIU\0|IIR[OS]|MMOR",
        "an icon": rb"\0\0[\x01\x02]\0",
        "a JPEG 2000 image": rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
        "a JPEG XL image": rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n",
        "a PDF document": rb".{0,1024}%PDF-",
        "a PostScript document": rb"\x04?%!|\xc5\xd0\xd3\xc6",
        "an MP4 or QuickTime file": rb".{4}(?:ftyp|styp|moov|moof|mdat|sidx|free|skip|wide|pnot|uuid)",
        "a Matroska or WebM file": rb"\x1a\x45\xdf\xa3",
        "an Ogg file": rb"OggS",
        "an MPEG stream": rb"ID3|\0*\xff[\xe0-\xff]|\0\0\x01[\xb0-\xff]|\x56[\xe0-\xff]|ADIF"
        rb"|G.{187}G.{187}G|.{4}G.{191}G.{191}G|G.{203}G.{203}G",
        "a FLAC file": rb"fLaC|ID3",
        "a WAV file": rb"(?:RIFF|RIFX|RF64|BW64).{4}WAVE|riff\x2e\x91",
        "an AVI file": rb"RIFF.{4}AVI ",
        "a Windows Media file": rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        "a ZIP archive": rb"PK(?:\x03\x04|\x05\x06|\x07\x08)",
        "a Microsoft Office document": rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|\x09[\0\x02\x04\x08][\x04\x06\x08\x10]\0",
        "a compressed file": rb"\x1f[\x8b\x9d\x9e\xa0]|BZ[h0]|\xfd7zXZ\0|\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"
        rb"|[\x02\x04]\x22\x4d\x18|\x02\x21\x4c\x18|LZIP|LZX|..-l[hz]|\x89LZO|\]\0\0",
        "a TAR archive": rb".{257}ustar|\0{512}",
        "a font": rb"wOF[F2]|\0\x01\0\0|OTTO|ttcf|true|typ1|%!|\x80\x01|\x01fcp|STARTFONT|StartFontMetrics|\x36\x04"
        rb"|\x72\xb5\x4a\x86|.{34}LP",
    }.items()
}
_WRITTEN = frozenset({"a PDF document", "a PostScript document", "a font"})  # formats whose bytes may be plain text
# WHATWG's list of beginnings of HTML pages:
# https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type
_OPENING = re.compile(
    rb"<(?:(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)"
    rb"(?=[\t\n\x0c\r />])|(?P<comment>!--))",
    re.IGNORECASE,
)
_BLANK = b"\t\n\x0c\r \0\xef\xbb\xbf\xff\xfe"  # white space, zero bytes of wide characters, byte order marks
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CHARSETS = re.compile(
    r"(?:utf|iso|latin|cp|windows|koi8|mac|shift|sjis|euc|gb|big5|ks_c|us-ascii|ascii|tis)[\w.:-]*", re.IGNORECASE
)


def contradicts(declared: str, found: str | None) -> bool:
    """Return whether bytes that were recognised as `found` contradict the type `declared`."""
    if found is None:
        return False
    expected, seen = essence(declared), essence(found)
    if seen in {expected, ANY_BYTES} or (_TEXT in _named(seen, _NAMES) and seen not in _MARKUP):
        return False
    may_be = _may_be(expected) or _kind(expected)
    return bool(may_be) and may_be.isdisjoint({seen} | _named(seen, _NAMES) | _kind(seen))


def strictly_contradicts(declared: str, head: bytes, found: str | None) -> str | None:
    """Return a sentence why these leading bytes contradict the type `declared`, or None.

    `found`: the recognised type, if any. An empty file matches every type.
    """
    expected = essence(declared)
    if not head or expected == ANY_BYTES:
        return None
    opening = _OPENING.match(head.lstrip(_BLANK).replace(b"\0", b"")) if head.lstrip(_BLANK)[:1] == b"<" else None
    if opening and expected not in _PAGES and not (expected.endswith(("/xml", "+xml")) and opening["comment"]):
        return f"The bytes begin like an HTML page, but the upload says {declared}."
    if contradicts(declared, found):
        return told_of(declared, found)
    return _lacking(declared, head, found)


def _lacking(declared: str, head: bytes, found: str | None) -> str | None:
    """Return a sentence if bytes do not begin like their type; None if they do, or if it has no fixed beginning."""
    expected = essence(declared)
    needed, may_be = _formats(expected), _may_be(expected)
    is_known = found is not None and not may_be.isdisjoint(_named(essence(found), _NAMES))
    if is_known or (found is not None and essence(found) == expected) or not needed <= _BEGINNINGS.keys() | {_TEXT}:
        return None
    if _begins(may_be, head) or (_TEXT in may_be and _decodes(declared, head)):
        return None
    if _TEXT in needed:
        return f"The bytes are not text in any encoding that {declared} allows."
    return f"The bytes do not begin like {spoken(declared)}." if needed else None


def begins_as(declared: str, head: bytes) -> bool:
    """Return whether these bytes certainly begin like this type, so that no other check is needed."""
    expected = essence(declared)
    if _TEXT in _formats(expected):
        return is_text(head) and b"%PDF-" not in head and not head.startswith(b"%!")
    if b"%PDF-" in head[1:]:
        return False  # other files may contain one
    return _begins(_formats(expected), head)


def is_text(head: bytes) -> bool:
    """Return whether bytes are the beginning of plain text in UTF-8."""
    text = _decoded(head, "utf-8")
    return text is not None and _BINARY.search(text) is None


@functools.lru_cache(maxsize=_REMEMBERED)
def _formats(expected: str) -> frozenset[str]:
    """Return the formats that list this content type."""
    return frozenset(_named(expected, _NAMES))


@functools.lru_cache(maxsize=_REMEMBERED)
def _may_be(expected: str) -> frozenset[str]:
    """Return all possible formats of bytes of this content type."""
    named = _formats(expected)
    return named | _named(expected, _ALSO) | ({_COMPRESSED} if _TEXT in named else set())


def _begins(formats: frozenset[str], head: bytes) -> bool:
    known = formats & _BEGINNINGS.keys()
    if known.isdisjoint(_WRITTEN) and known and is_text(head):
        return False  # no image, video or archive is plain text
    return any(_BEGINNINGS[name].match(head) for name in known)


def _decodes(declared: str, head: bytes) -> bool:
    """Return whether bytes are text in the declared charset; without one, in UTF-8, UTF-16, or an 8-bit charset."""
    charset = parameter(declared, "charset") or ""
    if not _CHARSETS.fullmatch(charset):
        wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        charset = "utf-16" if wide else "latin-1"
    text = _decoded(head, charset)
    return text is not None and _BINARY.search(text) is None


def _decoded(head: bytes, charset: str) -> str | None:
    """Return text, whose last character may be truncated; None if the bytes are not text."""
    try:
        return codecs.getincrementaldecoder(charset)().decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeError:
        return None
    except LookupError:
        return head.decode("latin-1")  # an unknown charset


def told_of(declared: str, found: str | None) -> str:
    """Return the sentence for bytes of another recognised type."""
    return f"The bytes are {spoken(found or '')}, but the upload says {declared}."


def spoken(content_type: str) -> str:
    """Return a content type with its common name: `a PNG image (image/png)`."""
    kind = essence(content_type)
    return next((f"{name} ({kind})" for name in _named(kind, _NAMES)), kind)


def _named(kind: str, listed: _Listed) -> set[str]:
    """Return the formats that list this content type."""
    known = {name for name, (types, begin) in listed.items() if kind in types or kind.startswith(begin)}
    return known | {name for ending, name in _ENDINGS.items() if kind.endswith(ending)}


def _kind(kind: str) -> set[str]:
    return _KINDS.get(kind.partition("/")[0], set())
