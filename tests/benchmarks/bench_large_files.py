"""A large file through Upwell, as a ratio to its parts sent by curl; and its verification, to curl into sha256sum.

Run: `uv run python -m tests.benchmarks.bench_large_files [--gib 2] [--rounds 3]`. The ways alternate, so that a noisy
machine is noisy for all. Disk: a copy for the file and one for each of two uploads a round.
"""

import argparse
import contextlib
import hashlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import Tenant
from tests.stack import chance_file, peak_bytes, stack

GIB = 1024**3
MIB = 1024**2
PARALLEL = 4
HEADERS = {"Content-Type": "video/mp4"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--gib", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with stack() as running:
        for command in ("serve", "worker"):
            running.begin(command)
        tenant = running.tenant()
        file = chance_file(running.folder / "film.mp4", int(options.gib * GIB))
        with httpx.Client(base_url=tenant.url, headers=tenant.headers, timeout=600) as api:
            rounds = [one_round(tenant, api, file) for _ in range(options.rounds)]
        report(rounds, file.stat().st_size)
        for command, process in running.processes.items():
            print(f"  peak memory of {command:8} {peak_bytes(process) / 1e6:6.1f} MB")


def one_round(tenant: Tenant, api: httpx.Client, file: Path) -> dict[str, float]:
    """Return seconds of each way, and the client's peak memory in MB."""
    seconds: dict[str, float] = {}
    began = time.perf_counter()
    client = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from entrypoints.cli.main import main; main()",
            "upload",
            "--no-skip-duplicates",
            str(file),
        ],
        env={
            **os.environ,
            "UPWELL_URL": tenant.url,
            "UPWELL_API_KEY": tenant.secret,
            "UPWELL_NAMESPACE": tenant.namespace.namespace_id,
            "UPWELL_BUCKET": "files",
        },
        stdin=subprocess.DEVNULL,
    )
    memory = 0
    while client.poll() is None:
        with contextlib.suppress(OSError, StopIteration):  # it has just ended
            memory = peak_bytes(client)
        time.sleep(0.02)
    seconds["upwell upload"] = time.perf_counter() - began
    if client.returncode:
        raise SystemExit("the upload failed")

    upload = call(api, "POST", "/v1/buckets/files/uploads", announcement(file))
    urls = list(part_urls(api, upload))
    began = time.perf_counter()
    send_by_curl(file, urls, upload["part_size"])
    seconds["parts by curl"] = time.perf_counter() - began

    began = time.perf_counter()
    task = call(api, "POST", f"/v1/uploads/{upload['upload_id']}/confirm?async=true", {})
    while (state := call(api, "GET", f"/v1/uploads/{upload['upload_id']}"))["status"] == "PROCESSING":
        time.sleep(0.02)
    seconds["verification"] = time.perf_counter() - began
    if state["status"] != "COMPLETED":
        raise SystemExit(f"{task} ended as {state}")
    url = download_url(api, state["object_id"])
    began = time.perf_counter()
    found = subprocess.run(["sh", "-c", f"curl -sSf '{url}' | sha256sum"], check=True, capture_output=True).stdout
    seconds["curl into sha256sum"] = time.perf_counter() - began
    with file.open("rb") as opened:
        if found.split()[0].decode() != hashlib.file_digest(opened, "sha256").hexdigest():
            raise SystemExit("other bytes were read back")
    for each in call(api, "POST", "/v1/buckets/files/uploads/list")["results"]:
        api.delete(f"/v1/buckets/files/objects/{each['object_id']}")  # the disk is wanted again
    return seconds | {"client MB": memory / 1e6}


def announcement(file: Path) -> dict[str, Any]:
    """Return the body that requests a multipart upload."""
    return {
        "filename": file.name,
        "content_type": HEADERS["Content-Type"],
        "file_size_bytes": file.stat().st_size,
        "blob_property": "video",
        "multipart": "always",
        "skip_duplicates": False,
    }


def part_urls(api: httpx.Client, upload: Mapping[str, Any]) -> Iterator[str]:
    """Yield the URL of each part."""
    numbers = range(1, upload["part_count"] + 1)
    signed = call(api, "POST", f"/v1/uploads/{upload['upload_id']}/parts/sign", {"part_numbers": list(numbers)})
    for part in signed["parts"]:
        yield part["url"]


def send_by_curl(file: Path, urls: Sequence[str], part_size: int) -> None:
    """Send parts with as many curls at once as the client has requests."""
    size = file.stat().st_size

    def send(number: int) -> None:
        offset = number * part_size
        length = min(part_size, size - offset)
        cut = f"dd if='{file}' iflag=skip_bytes,count_bytes skip={offset} count={length} bs=1M status=none"
        headers = f"-H 'Content-Length: {length}' -H 'Transfer-Encoding:' -H 'Expect:'"
        subprocess.run(["sh", "-c", f"{cut} | curl -sSf -o /dev/null -T - {headers} '{urls[number]}'"], check=True)

    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(send, range(len(urls))))


def download_url(api: httpx.Client, object_id: str) -> str:
    """Return a URL that gives the object's bytes."""
    got = call(api, "GET", f"/v1/buckets/files/objects/{object_id}?return_presigned_urls=true")
    return str(got["blobs"][0]["presigned_url"])


def call(api: httpx.Client, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  # JSON
    """Return the JSON of an answer."""
    answer = api.request(method, path, json=body)
    answer.raise_for_status()
    return answer.json()


def report(rounds: Sequence[Mapping[str, float]], size_bytes: int) -> None:
    """Print medians, and the ratios' medians."""
    print(f"{size_bytes / GIB:g} GiB, {len(rounds)} rounds")
    for name in rounds[0]:
        value = statistics.median(each[name] for each in rounds)
        if name == "client MB":
            print(f"  peak memory of the client {value:6.1f} MB")
        else:
            print(f"  {name:20} {value:7.2f} s  {size_bytes / MIB / value:7.0f} MiB/s")
    for what, one, other in (
        ("upwell upload / parts by curl and curl into sha256sum", "upwell upload", ""),
        ("upwell upload / parts by curl alone", "upwell upload", "parts by curl"),
        ("verification / curl into sha256sum (throughput)", "curl into sha256sum", "verification"),
    ):
        ratios = [
            each[one] / (each[other] if other else each["parts by curl"] + each["curl into sha256sum"])
            for each in rounds
        ]
        print(f"  {what}: {statistics.median(ratios):.2f}  {[round(ratio, 2) for ratio in ratios]}")


if __name__ == "__main__":
    main()
