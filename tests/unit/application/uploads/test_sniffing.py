import bz2
import gzip
import io
import json
import lzma
import random
import sqlite3
import struct
import tarfile
import time
import wave
import zipfile
import zlib

import pytest

from application.uploads.sniffing import recognise, sniff
from domain.uploads.formats import HEAD_BYTES, contradicts, strictly_contradicts

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"
ENDLESS = random.Random(7).randbytes(2000)  # noqa: S311  # noise, not a secret


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\0\0\0")) + chunk(b"IEND", b"")


def zipped(*names: str, mimetype: str | None = None) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        if mimetype is not None:
            archive.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for name in names:
            archive.writestr(name, "<x/>" * 20)
    return body.getvalue()


def tarred(mode: str) -> bytes:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode=mode) as archive:  # type: ignore[call-overload]  # any of its modes
        archive.addfile(tarfile.TarInfo("a.txt"))
    return body.getvalue()


def wav() -> bytes:
    body = io.BytesIO()
    with wave.open(body, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(200))
    return body.getvalue()


def database() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE t (a)")
        return connection.serialize()


def iso(brand: bytes) -> bytes:
    return b"\0\0\0\x1cftyp" + brand + b"\0\0\0\0" + brand + b"mif1isom" + b"\0\0\0\x08mdat"


def ogg(codec: bytes) -> bytes:
    return b"OggS\0\2" + bytes(8) + b"\1\2\3\4" + bytes(8) + b"\1" + bytes([len(codec)]) + codec


def matroska(kind: bytes) -> bytes:
    return b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\1\x42\xf7\x81\1\x42\xf2\x81\4\x42\xf3\x81\x08\x42\x82" + (
        bytes([0x80 + len(kind)]) + kind + bytes(16)
    )


def mp3() -> bytes:
    return (b"\xff\xfb\x90\x64" + bytes(413)) * 4


PE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 240, 34)
SAMPLES: dict[str, tuple[bytes, str | None]] = {
    "png": (png(), "image/png"),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0", "image/jpeg"),
    "gif": (b"GIF89a\1\0\1\0\x80\0\0", "image/gif"),
    "webp": (b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0", "image/webp"),
    "tiff": (b"II*\0\x08\0\0\0" + bytes(20), "image/tiff"),
    "raw of a camera": (b"II*\0\x10\0\0\0CR\2\0" + bytes(50), "image/x-canon-cr2"),
    "heic": (iso(b"heic"), "image/heic"),
    "avif": (iso(b"avif"), "image/avif"),
    "mp4": (iso(b"isom"), "video/mp4"),
    "quicktime": (iso(b"qt  "), "video/quicktime"),
    "m4a": (iso(b"M4A "), "audio/x-m4a"),
    "webm": (matroska(b"webm"), "video/webm"),
    "matroska": (matroska(b"matroska"), "video/x-matroska"),
    "ogg sound": (ogg(b"OpusHead\1\2"), "audio/ogg"),
    "ogg film": (ogg(b"\x80theora\3\2\1"), "video/ogg"),
    "mp3": (mp3(), "audio/mpeg"),
    "mp3 with tags": (b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + mp3(), "audio/mpeg"),
    "wav": (wav(), "audio/x-wav"),
    "flac": (b"fLaC\0\0\0\x22" + bytes(34), "audio/flac"),
    "avi": (b"RIFF\x24\0\0\0AVI LIST", "video/x-msvideo"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "application/pdf"),
    "pdf of plain characters": (b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n", "application/pdf"),
    "zip": (zipped("a.txt"), "application/zip"),
    "empty zip": (zipped(), "application/zip"),
    "docx": (zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml"), WORD),
    "xlsx": (zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"), SHEET),
    "pptx": (zipped("[Content_Types].xml", "_rels/.rels", "ppt/presentation.xml"), SLIDES),
    "odt": (zipped("content.xml", mimetype=ODT), ODT),
    "epub": (zipped("META-INF/container.xml", mimetype="application/epub+zip"), "application/epub+zip"),
    "jar": (zipped("META-INF/MANIFEST.MF", "A.class"), "application/java-archive"),
    "gzip": (gzip.compress(b"hello", mtime=0), "application/gzip"),
    "tar.gz": (tarred("w:gz"), "application/gzip"),
    "tar": (tarred("w"), "application/x-tar"),
    "bzip2": (bz2.compress(b"hello"), "application/x-bzip2"),
    "xz": (lzma.compress(b"hello"), "application/x-xz"),
    "sqlite": (database(), "application/vnd.sqlite3"),
    "windows program": (PE + bytes(300), "application/vnd.microsoft.portable-executable"),
    "woff2": (b"wOF2\0\1\0\0" + bytes(40), "font/woff2"),
    "html": (b"<!doctype html>\n<html><body>hi</body></html>", "text/html"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" width="1"></svg>', "image/svg+xml"),
    "svg with a prologue": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
    "xml": (b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"/>', None),
    "json": (json.dumps({"a": [1, 2]}).encode(), None),
    "csv": (b"a,b,c\n1,2,3\n4,5,6\n", None),
    "text": (b"Dear all,\n\nnothing to see here.\n", None),
    "text in another alphabet": ("Zażółć gęślą jaźń\n".encode() * 300, None),
    "text of 16 bits": ("Dear all".encode("utf-16"), None),
    "text that begins as a program": (b"MZ is how programs begin\n", None),
    "text that begins as an image": (b"BM is how bitmaps begin\n", None),
    "source": (b"#!/usr/bin/env python\nprint(1)\n", None),
    "mail": (b"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n\r\nhello\r\n", None),
    "noise": (ENDLESS, None),
    "zeros": (bytes(HEAD_BYTES), None),
    "nothing": (b"", None),
}
# Further correct types of each, beside the recognised one.
RIGHT = {
    "heic": ("image/heif", "image/heic-sequence"),
    "mp4": ("video/quicktime", "audio/mp4", "video/x-m4v"),
    "quicktime": ("video/mp4",),
    "m4a": ("audio/mp4", "audio/m4a", "audio/aac"),
    "webm": ("audio/webm", "video/x-matroska"),
    "ogg sound": ("application/ogg", "audio/opus", "video/ogg"),
    "mp3": ("audio/mp3", "audio/mpeg3"),
    "mp3 with tags": ("audio/mpeg", "audio/mp3"),
    "raw of a camera": ("image/tiff", "image/x-canon-cr2"),
    "docx": ("application/zip", "application/x-zip-compressed", "application/msword"),
    "zip": (WORD, ODT, "application/epub+zip", "application/vnd.android.package-archive"),
    "tar.gz": ("application/x-tar", "application/x-gzip", "application/x-tgz"),
    "gzip": ("text/csv", "application/x-gzip"),
    "html": ("text/plain", "application/xhtml+xml", "text/html; charset=utf-8"),
    "svg": ("text/xml", "application/xml", "text/plain"),
    "xml": ("text/xml", "application/atom+xml"),
    "json": ("application/json", "application/x-ndjson", "text/plain", "application/vnd.api+json"),
    "csv": ("text/csv", "application/vnd.ms-excel"),
    "pdf of plain characters": ("application/illustrator",),
    "mail": ("message/rfc822",),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_leading_bytes_show_the_type_of_a_file(name: str) -> None:
    body, expected = SAMPLES[name]

    assert sniff(body) == expected


@pytest.mark.parametrize("name", SAMPLES)
def test_no_file_contradicts_a_correct_type(name: str) -> None:
    found = sniff(SAMPLES[name][0])

    for declared in (*RIGHT.get(name, ()), found or "application/octet-stream", "application/octet-stream"):
        assert not contradicts(declared, found), declared


@pytest.mark.parametrize("name", [name for name, (_, found) in SAMPLES.items() if found not in {None, "image/png"}])
def test_every_file_that_is_recognised_contradicts_a_png_image(name: str) -> None:
    assert contradicts("image/png", sniff(SAMPLES[name][0]))


@pytest.mark.parametrize("name", SAMPLES)
def test_correct_types_of_a_file_pass_the_strict_check(name: str) -> None:
    body, found = SAMPLES[name]
    head = body[:HEAD_BYTES]
    declared = {*RIGHT.get(name, ()), found or "application/octet-stream"}
    if name == "html":
        declared -= {"text/plain"}

    for each in declared:
        assert strictly_contradicts(each, head, sniff(head)) is None, each
        assert strictly_contradicts(each, head, recognise(head, each)) is None, each


PDF = SAMPLES["pdf"][0]


@pytest.mark.parametrize(
    ("declared", "body"),
    [
        ("application/postscript", PDF),
        ("application/illustrator", PDF),
        ("application/geo+json", gzip.compress(b"{}", mtime=0)),
        ("application/atom+xml", gzip.compress(b"<a/>", mtime=0)),
        ("image/x-emz", gzip.compress(b"\1\0\0\0", mtime=0)),
        ("image/emf", gzip.compress(b"\1\0\0\0", mtime=0)),
        ("image/emf", b"\1\0\0\0\x6c\0\0\0" + bytes(32) + b" EMF\0\0\1\0"),
        ("image/svg+xml", gzip.compress(b"<svg/>", mtime=0)),
        ("image/svg+xml", b"<!-- Generator: X -->\n<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("application/mxf", bytes.fromhex("060e2b34020501010d0102010102") + bytes(40)),
        ("video/mxf", bytes.fromhex("060e2b34020501010d0102010102") + bytes(40)),
        ("application/dicom", bytes(128) + b"DICM\2\0\0\0UL\4\0" + bytes(40)),
        ("image/dicom-rle", bytes(128) + b"DICM\2\0\0\0UL\4\0" + bytes(40)),
        ("application/vnd.google-earth.kmz", zipped("doc.kml")),
        ("application/vnd.google-earth.kml+xml", zipped("doc.kml")),
        ("application/vnd.ms-excel", b"a;b\r\n1;2\r\n"),
        ("application/msword", b"{\\rtf1\\ansi hello}"),
        ("application/vnd.ms-cab-compressed", b"MSCF\0\0\0\0" + bytes(40)),
        ("application/msword", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)),
        ("image/bmp", b"BM" + struct.pack("<IHHI", 100, 0, 0, 54) + bytes(40)),
        ("image/jxl", b"\xff\x0a" + bytes(30)),
        ("image/tiff", b"II+\0\x08\0\0\0" + bytes(30)),
        ("image/x-panasonic-rw2", b"IIU\0\x18\0\0\0" + bytes(30)),
        ("image/x-icon", b"\0\0\1\0\1\0\x10\x10" + bytes(40)),
        ("video/quicktime", b"\0\0\0\x08free\0\0\4\0mdat" + bytes(40)),
        ("video/mp4", b"\0\0\0\x18ftypf4v \0\0\0\1f4v " + bytes(30)),
        ("video/webm", b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01" + bytes(30)),
        ("video/mp2t", (b"G\x40\0\x10" + bytes(184)) * 5),
        ("audio/mpeg", bytes(100) + mp3()),
        ("font/ttf", b"\0\1\0\0\0\x0c\0\x80\0\3\0\x40DSIG" + bytes(40)),
        ("application/x-tar", tarred("w:xz")),
        ("application/pdf", b"\xef\xbb\xbf%PDF-1.4\n1 0 obj\n"),
        ("application/pdf", b"a line before\n%PDF-1.4\n%\xe2\xe3\n1 0 obj\n"),
        ("text/csv", "é;ü\n".encode("cp1252")),
        ("text/csv", "é;ü\n".encode("utf-16")),
        ("text/csv; charset=Shift_JIS", "日本".encode("shift_jis")),
        ("text/plain; charset=utf-16le", "日本".encode("utf-16-le")),
        ("text/plain; charset=unheard-of", b"\xff"),
        ("text/plain", b"a < b\n<b> is bold\n"),
        ("text/plain", b"<beta> is no tag\n"),
        ("image/png", b""),
    ],
)
def test_a_right_file_stands_up_to_the_strict_check(declared: str, body: bytes) -> None:
    assert strictly_contradicts(declared, body[:HEAD_BYTES], recognise(body, declared)) is None


RANDOM = random.Random(8).randbytes(3000)  # noqa: S311  # noise, not a secret
OLE2 = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)
SCRIPT = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("declared", "body"),
    [
        ("image/png", RANDOM),
        ("text/csv", RANDOM),
        ("application/json", RANDOM),
        ("application/pdf", RANDOM),
        ("application/zip", RANDOM),
        ("application/msword", RANDOM),
        ("image/png", OLE2),
        ("video/mp4", OLE2),
        ("application/pdf", OLE2),
        ("image/png", b"GIF89a/*<script>alert(1)</script>*/=1;"),
        ("image/gif", b"GIF89a/*<script>alert(1)</script>*/=1;"),
        ("image/bmp", b"BM is how bitmaps begin"),
        ("image/png", b"<body onload=alert(1)>"),
        ("image/png", b" \t<BODY\tonload=alert(1)>"),
        ("text/plain", SCRIPT.encode()),
        ("text/plain", b"\xef\xbb\xbf" + SCRIPT.encode()),
        ("text/plain", SCRIPT.encode("utf-16")),
        ("text/plain", SCRIPT.encode("utf-16-be")),
        ("text/plain", SCRIPT.encode("utf-32")),
        ("text/csv", b"<!DOCTYPE html><p>"),
        ("application/json", b"<!-- a --><script>"),
        ("application/xml", b"<html xmlns='http://www.w3.org/1999/xhtml'>"),
        ("image/svg+xml", SCRIPT.encode()),
        ("application/x-our-own", b"<iframe src=x>"),
        ("text/plain; charset=utf-8", b"caf\xe9"),
        ("text/plain; charset=us-ascii", "é".encode()),
        ("image/jpeg", SAMPLES["png"][0]),
        ("application/zip", b"PK is how archives begin"),
    ],
)
def test_the_strict_check_refuses_a_missing_signature_and_an_opening_of_html(declared: str, body: bytes) -> None:
    assert strictly_contradicts(declared, body[:HEAD_BYTES], recognise(body, declared)) is not None


def test_bytes_behind_the_head_are_not_looked_at() -> None:
    assert sniff(SAMPLES["png"][0] + bytes(10**6)) == "image/png"
    assert sniff(bytes(HEAD_BYTES) + SAMPLES["png"][0]) is None


def test_text_whose_last_character_is_cut_is_text() -> None:
    assert sniff("é".encode() * HEAD_BYTES) is None
    assert sniff(b"a" + "é".encode() * HEAD_BYTES) is None


def test_bytes_that_are_nested_without_end_have_no_type() -> None:
    assert sniff(b"ID3\4\0\0\0\0\0\0" * 60) is None


@pytest.mark.parametrize("name", ["png", "jpeg", "mp4", "mp3", "pdf", "zip", "gzip", "json", "csv", "text"])
def test_of_a_file_that_begins_as_declared_no_more_is_asked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: bytes) -> None:
        raise AssertionError

    monkeypatch.setattr("application.uploads.sniffing.sniff", refuse)
    body, found = SAMPLES[name]
    assert recognise(body, found or {"json": "application/json", "csv": "text/csv"}.get(name, "text/plain")) is None


def test_a_look_costs_little() -> None:
    sniff(b"x")  # reads the signatures
    for body, _ in SAMPLES.values():
        took = []
        for _ in range(5):
            began = time.perf_counter()
            sniff(body)
            took.append(time.perf_counter() - began)
        assert min(took) < 0.005
