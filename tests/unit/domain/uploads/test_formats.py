import pytest

from domain.uploads.formats import contradicts, spoken

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ("image/jpg", "image/jpeg"),
        ("image/pjpeg", "image/jpeg"),
        ("IMAGE/JPEG; q=1", "image/jpeg"),
        ("image/x-ms-bmp", "image/bmp"),
        ("image/x-icon", "image/png"),
        ("image/x-nikon-nef", "image/tiff"),
        ("image/x-adobe-dng", "image/tiff"),
        ("image/tiff", "image/x-canon-cr2"),
        ("image/heic", "image/heif"),
        ("image/avif", "image/heic"),
        ("image/heic", "video/mp4"),
        ("video/mp4", "video/quicktime"),
        ("video/quicktime", "video/mp4"),
        ("audio/mp4", "video/mp4"),
        ("audio/x-m4a", "audio/mp4"),
        ("audio/aac", "audio/x-m4a"),
        ("audio/aac", "audio/x-hx-aac-adts"),
        ("audio/mp3", "audio/mpeg"),
        ("video/webm", "video/x-matroska"),
        ("audio/webm", "video/webm"),
        ("audio/ogg", "video/ogg"),
        ("audio/opus", "audio/ogg"),
        ("audio/flac", "audio/ogg"),
        ("audio/wav", "audio/x-wav"),
        ("video/avi", "video/x-msvideo"),
        ("audio/x-ms-wma", "video/x-ms-asf"),
        ("audio/x-unheard-of", "video/mp4"),
        ("video/x-unheard-of", "audio/basic"),
        ("image/x-unheard-of", "image/gif"),
        (WORD, "application/zip"),
        (WORD, SHEET),
        (WORD, "application/cdfv2"),
        ("application/zip", WORD),
        ("application/epub+zip", "application/zip"),
        (ODT, "application/zip"),
        ("application/java-archive", "application/zip"),
        ("application/vnd.android.package-archive", "application/java-archive"),
        ("application/x-zip-compressed", "application/zip"),
        ("application/msword", WORD),
        ("application/vnd.ms-excel", "application/vnd.ms-office"),
        ("application/vnd.ms-excel", "text/html"),
        ("application/x-tar", "application/gzip"),
        ("application/gzip", "application/x-tgz"),
        ("text/csv", "application/gzip"),
        ("image/svg+xml", "application/gzip"),
        ("text/html", "image/svg+xml"),
        ("image/svg+xml", "text/html"),
        ("application/xml", "image/svg+xml"),
        ("application/xhtml+xml", "text/html"),
        ("application/atom+xml", "text/html"),
        ("text/plain", "text/html"),
        ("text/plain", "application/postscript"),
        ("image/png", "text/plain"),
        ("application/pdf", "application/json"),
        ("font/otf", "application/vnd.ms-opentype"),
        ("application/font-woff", "font/woff"),
        ("application/illustrator", "application/pdf"),
        ("application/octet-stream", "image/png"),
        ("binary/octet-stream", "image/png"),
        ("application/x-our-own", "image/png"),
        ("model/gltf-binary", "image/png"),
        ("image/png", "application/octet-stream"),
        ("image/png", None),
    ],
)
def test_synonyms_containers_and_what_is_not_known_do_not_contradict(declared: str, found: str | None) -> None:
    assert not contradicts(declared, found)


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ("application/pdf", "image/png"),
        ("image/png", "application/pdf"),
        ("image/png", "image/jpeg"),
        ("image/jpeg", "image/heic"),
        ("image/webp", "image/png"),
        ("image/png", "text/html"),
        ("image/png", "image/svg+xml"),
        ("application/pdf", "text/html"),
        ("image/jpeg", "application/zip"),
        ("image/jpeg", "application/x-executable"),
        ("image/x-unheard-of", "application/pdf"),
        ("video/mp4", "video/webm"),
        ("video/mp4", "image/gif"),
        ("video/mp4", "application/vnd.microsoft.portable-executable"),
        ("audio/mpeg", "audio/x-wav"),
        ("audio/x-unheard-of", "image/png"),
        ("text/plain", "image/png"),
        ("text/csv", WORD),
        ("text/plain", "application/msword"),
        ("application/json", "application/pdf"),
        ("application/zip", "application/pdf"),
        ("application/zip", "application/x-7z-compressed"),
        (WORD, "application/pdf"),
        ("application/gzip", "application/zip"),
        ("application/gzip", "text/html"),
        ("font/woff2", "image/png"),
    ],
)
def test_bytes_of_another_format_contradict(declared: str, found: str) -> None:
    assert contradicts(declared, found)


@pytest.mark.parametrize(
    ("content_type", "words"),
    [
        ("image/png", "a PNG image (image/png)"),
        ("Video/MP4; codecs=avc1", "an MP4 or QuickTime file (video/mp4)"),
        (WORD, f"a ZIP archive ({WORD})"),
        ("text/html", "text (text/html)"),
        ("application/x-executable", "application/x-executable"),
    ],
)
def test_a_content_type_has_a_common_name(content_type: str, words: str) -> None:
    assert spoken(content_type) == words
