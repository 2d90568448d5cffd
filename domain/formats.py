"""Formats of files: which content types the same bytes may rightly have, and when bytes contradict the one declared.

Bytes of one format go by many names (`audio/mp4` and `video/quicktime`), and a format may be the container of many
others (a DOCX is a ZIP archive). What is not known for certain contradicts nothing: an application's own type may name
anything, and text may be anything that is written.
"""

from collections.abc import Mapping

from domain.media_types import ANY_BYTES, essence

_Listed = Mapping[str, tuple[frozenset[str], tuple[str, ...]]]


def _listed(names: Mapping[str, str]) -> _Listed:
    """Return by format the content types that are listed for it, and how those begin that are listed as `…*`."""
    listed = {}
    for name, types in names.items():
        beginnings = tuple(each[:-1] for each in types.split() if each.endswith("*"))
        listed[name] = (frozenset(types.split()), beginnings)
    return listed


# By format, as people call it, the content types of such bytes; an ending in `*` stands for all that begin so.
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
# The content types under which such bytes come as well: contents in a container, files that were compressed on the way,
# and what programs write under a name of old.
_ALSO = _listed(
    {
        "a ZIP archive": "application/msword application/vnd.ms-*",
        "a Microsoft Office document": "application/vnd.openxmlformats-officedocument.*",  # with a password
        "text": "application/msword application/vnd.ms-*",
        "a compressed file": "text/* application/json application/x-ndjson application/xml application/sql"
        " image/svg+xml application/x-tar application/x-gtar",
        "an MP4 or QuickTime file": "audio/aac* audio/x-aac",
        "an Ogg file": "audio/flac audio/x-flac",
        "a PostScript document": "application/illustrator application/vnd.adobe.illustrator text/*",
    }
)
_ENDINGS = {"+zip": "a ZIP archive", "+gzip": "a compressed file", "+xml": "text", "+json": "text"}
# What media may be that have no name above: any film or sound, any image, and raw images of cameras are TIFF inside.
_KINDS: Mapping[str, set[str]] = {
    "image": {"an image", "a TIFF image"},
    "audio": {"film or sound"},
    "video": {"film or sound"},
}
_TEXT = "text"
_MARKUP = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml"})


def contradicts(declared: str, found: str | None) -> bool:
    """Return whether bytes that were recognised as `found` cannot rightly be called `declared`."""
    if found is None:
        return False
    told, seen = essence(declared), essence(found)
    if seen in {told, ANY_BYTES} or (_TEXT in _named(seen, _NAMES) and seen not in _MARKUP):
        return False
    may_be = _named(told, _NAMES) | _named(told, _ALSO) or _kind(told)
    return bool(may_be) and may_be.isdisjoint({seen} | _named(seen, _NAMES) | _kind(seen))


def spoken(content_type: str) -> str:
    """Return a content type with what people call it: `a PNG image (image/png)`."""
    kind = essence(content_type)
    return next((f"{name} ({kind})" for name in _named(kind, _NAMES)), kind)


def _named(kind: str, listed: _Listed) -> set[str]:
    """Return the formats that this content type is listed for."""
    known = {name for name, (types, begin) in listed.items() if kind in types or kind.startswith(begin)}
    return known | {name for ending, name in _ENDINGS.items() if kind.endswith(ending)}


def _kind(kind: str) -> set[str]:
    return _KINDS.get(kind.partition("/")[0], set())
