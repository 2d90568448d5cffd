"""A large file by `upwell upload`, as a ratio to `curl -T` and `sha256sum`; and its verification.

Run: `uv run python -m tests.benchmarks.bench_large_files [--gib 1] [--rounds 5]`. The ways alternate, so that a noisy
machine is noisy for all; processor seconds of a way's own processes, of the storage, the service, the worker and
PostgreSQL stand beside its time. Disk: a copy for the file and one for each of three uploads a round.

`upwell upload` ends when the service has verified the stored bytes, which reads them again. "Until the bytes have
arrived" is its time without that: from its start until the service began the verification. "Until the upload is
requested" is the start of the command.

Two goals, for 1 GiB: `upwell upload` takes at most 1.1 times as long as `curl -T` and `sha256sum` after each other, and
the verification is at least 1.5 times as fast as `curl` into `sha256sum`. Both are printed with `goal`.
"""

import argparse
import contextlib
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.conftest import Tenant
from tests.stack import Stack, chance_file, peak_bytes, stack

GIB = 1024**3
MIB = 1024**2
PARALLEL = 4
CONTENT_TYPE = "video/mp4"
CURL_HEADERS = ("-H", f"Content-Type: {CONTENT_TYPE}", "-H", "Expect:")
ARRIVED = "until the bytes have arrived"
REQUESTED = "until the upload is requested"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--gib", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with stack() as running:
        for command in ("serve", "worker"):
            running.begin(command)
        tenant = running.tenant()
        file = chance_file(running.folder / "film.mp4", int(options.gib * GIB))
        with httpx.Client(base_url=tenant.url, headers=tenant.headers, timeout=600) as api:
            rounds = [one_round(running, tenant, api, file) for _ in range(options.rounds)]
        report(rounds, file.stat().st_size)
        for command, process in running.processes.items():
            print(f"  peak memory of {command:8} {peak_bytes(process) / 1e6:6.1f} MB")


class Ways:
    """The measured ways of a round: their seconds, and the processor seconds of each part."""

    def __init__(self, running: Stack) -> None:
        self._parts = {
            "storage": psutil.Process(running.storage.pid),
            "service": psutil.Process(running.processes["serve"].pid),
            "worker": psutil.Process(running.processes["worker"].pid),
            "PostgreSQL": psutil.Process(running.postgres.pid),
        }
        self.seconds: dict[str, float] = {}
        self.processor: dict[str, dict[str, float]] = {}
        self.client_mb = 0.0

    @contextlib.contextmanager
    def measured(self, way: str) -> Iterator[None]:
        """Measure what is done inside."""
        before, began = self._used(), time.perf_counter()
        yield
        self.seconds[way] = time.perf_counter() - began
        self.processor[way] = {part: used - before[part] for part, used in self._used().items()}

    def _used(self) -> dict[str, float]:
        own = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = {"client": own.ru_utime + own.ru_stime}
        for part, process in self._parts.items():
            used[part] = sum(map(processor_seconds, (process, *process.children())))
        return used


def processor_seconds(process: psutil.Process) -> float:
    """Return what a process has used; 0 if it has just ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def one_round(running: Stack, tenant: Tenant, api: httpx.Client, file: Path) -> Ways:
    """Return the seconds of each way, and the client's peak memory."""
    ways = Ways(running)
    with ways.measured("upwell upload"):
        began = time.time()
        ways.client_mb = upload_by_upwell(tenant, file)
    upload_id = completed(api)[0]["upload_id"]
    ways.seconds[REQUESTED] = recorded_at(api, upload_id, "upload.requested") - began
    ways.seconds[ARRIVED] = recorded_at(api, upload_id, "upload.verification_began") - began

    single = call(api, "POST", "/v1/buckets/files/uploads", announcement(file, "never"))
    with ways.measured("curl -T"):
        subprocess.run(["curl", "-sSf", "-T", str(file), *CURL_HEADERS, single["presigned_url"]], check=True)
    with ways.measured("sha256sum"):
        found = subprocess.run(["sha256sum", str(file)], check=True, capture_output=True).stdout
    sha256 = found.split()[0].decode()
    api.delete(f"/v1/uploads/{single['upload_id']}")

    upload = call(api, "POST", "/v1/buckets/files/uploads", announcement(file, "always"))
    urls = list(part_urls(api, upload))
    with ways.measured("parts by curl"):
        send_by_curl(file, urls, upload["part_size"])

    with ways.measured("verification"):
        task = call(api, "POST", f"/v1/uploads/{upload['upload_id']}/confirm?async=true", {})
        while (state := call(api, "GET", f"/v1/uploads/{upload['upload_id']}"))["status"] == "PROCESSING":
            time.sleep(0.02)
    if state["status"] != "COMPLETED":
        raise SystemExit(f"{task} ended as {state}")
    url = download_url(api, state["object_id"])
    with ways.measured("curl into sha256sum"):
        found = subprocess.run(["sh", "-c", f"curl -sSf '{url}' | sha256sum"], check=True, capture_output=True).stdout
    if found.split()[0].decode() != sha256:
        raise SystemExit("other bytes were read back")
    for each in completed(api):
        api.delete(f"/v1/buckets/files/objects/{each['object_id']}")  # the disk is wanted again
    return ways


def upload_by_upwell(tenant: Tenant, file: Path) -> float:
    """Upload the file, and return the client's peak memory in MB."""
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
    if client.returncode:
        raise SystemExit("the upload failed")
    return memory / 1e6


def completed(api: httpx.Client) -> list[Any]:
    """Return the uploads that have an object."""
    return [each for each in call(api, "POST", "/v1/buckets/files/uploads/list")["results"] if each["object_id"]]


def recorded_at(api: httpx.Client, upload_id: str, event: str) -> float:
    """Return when the service recorded the first event of this type."""
    history = call(api, "GET", f"/v1/uploads/{upload_id}/events")["events"]
    times = [each["time"] for each in history if each["type"].startswith(event)]
    return datetime.fromisoformat(times[0]).timestamp()


def announcement(file: Path, multipart: str) -> dict[str, Any]:
    """Return the body that requests an upload."""
    return {
        "filename": file.name,
        "content_type": CONTENT_TYPE,
        "file_size_bytes": file.stat().st_size,
        "blob_property": "video",
        "multipart": multipart,
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


def report(rounds: Sequence[Ways], size_bytes: int) -> None:
    """Print medians, and the ratios' medians."""
    print(f"{size_bytes / GIB:g} GiB, {len(rounds)} rounds")
    for way in rounds[0].seconds:
        value = statistics.median(each.seconds[way] for each in rounds)
        used = {
            part: statistics.median(each.processor[way][part] for each in rounds)
            for part in rounds[0].processor.get(way, {})
        }
        parts = ", ".join(f"{part} {seconds:.2f}" for part, seconds in used.items())
        print(f"  {way:30} {value:7.2f} s  {size_bytes / MIB / value:7.0f} MiB/s  processor s: {parts}")
    print(f"  peak memory of the client {statistics.median(each.client_mb for each in rounds):6.1f} MB")
    for what, above, below in (
        ("upwell upload / curl -T and sha256sum, goal 1.1", ["upwell upload"], ["curl -T", "sha256sum"]),
        (f"{ARRIVED} / curl -T and sha256sum", [ARRIVED], ["curl -T", "sha256sum"]),
        (f"{ARRIVED} / curl -T alone", [ARRIVED], ["curl -T"]),
        (
            "upwell upload / parts by curl, curl into sha256sum",
            ["upwell upload"],
            ["parts by curl", "curl into sha256sum"],
        ),
        ("parts by curl / curl -T: the storage's own share", ["parts by curl"], ["curl -T"]),
        ("curl into sha256sum / verification, goal 1.5", ["curl into sha256sum"], ["verification"]),
    ):
        ratios = [sum(each.seconds[way] for way in above) / sum(each.seconds[way] for way in below) for each in rounds]
        print(f"  {what}: {statistics.median(ratios):.2f}  {[round(ratio, 2) for ratio in ratios]}")
    shares = [
        sum(each.processor["upwell upload"].values())
        / sum(sum(each.processor[way].values()) for way in ("curl -T", "sha256sum", "curl into sha256sum"))
        for each in rounds
    ]
    print(
        f"  processor seconds, upwell upload / curl -T, sha256sum, curl into sha256sum: {statistics.median(shares):.2f}"
    )
    clients = [
        each.processor["upwell upload"]["client"]
        / sum(each.processor[way]["client"] for way in ("curl -T", "sha256sum"))
        for each in rounds
    ]
    print(f"  processor seconds of the client, upwell upload / curl -T and sha256sum: {statistics.median(clients):.2f}")


if __name__ == "__main__":
    main()
