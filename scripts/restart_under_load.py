"""Restart `upwell serve` repeatedly under load, and count the failed requests: there must be none.

python scripts/restart_under_load.py [--restarts 20] [--workers 2] [--pause 0.02]

`--pause`: how long each client rests between two requests, in seconds. With 0 they take all that the machine has, and
a start takes long.

Four ways, each on a whole Upwell of its own:
- directly, children replaced by SIGHUP; clients honour `Connection: close`
- directly, a successor on the same port (`--reuse-port`), then SIGTERM to the old one
- behind nginx: two services, restarted in turn, while the other one serves; with and without keep-alive to them
nginx has to be installed (`apt-get install nginx-light`) for the last.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.conftest import Tenant, free_port, start, wait_ready
from tests.stack import Stack, stack

CLIENTS = 16
REQUEST = b"GET /v1/organizations HTTP/1.1\r\nHost: upwell\r\nAuthorization: Bearer %b\r\n%b\r\n"
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  upstream upwell {{ server 127.0.0.1:{first} max_fails=0; server 127.0.0.1:{second} max_fails=0; {keepalive} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://upwell; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Load:
    """The number of restarts and processes, and the load in the meantime."""

    restarts: int
    workers: int
    pause_seconds: float


def main() -> int:
    """Run all kinds of restarts; return the number of failed requests, at most 1."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pause", type=float, default=0.02)
    asked = parser.parse_args()
    load = Load(asked.restarts, asked.workers, asked.pause)
    failed = 0
    with stack() as made:
        tenant = made.tenant()
        for name, way in (("replaced by SIGHUP", by_hangup), ("a successor with --reuse-port", by_successor)):
            for keep_alive in (False, True):
                failed += way(made, tenant, load, name, keep_alive=keep_alive)
        if shutil.which("nginx") is None:
            print("nginx is not installed: restarts behind it were left out")
            failed += os.environ.get("CI") == "true"
        else:
            for keep_alive in (False, True):
                failed += behind_nginx(made, tenant, load, keep_alive=keep_alive)
    return min(failed, 1)


def by_hangup(made: Stack, tenant: Tenant, load: Load, name: str, *, keep_alive: bool) -> int:
    """Replace the children of one parent."""
    port = free_port()
    service = begin(made, port, load.workers)

    def restart() -> None:
        before = {child.pid for child in psutil.Process(service.pid).children()}
        service.send_signal(signal.SIGHUP)
        until(lambda: not before & {child.pid for child in psutil.Process(service.pid).children()})

    counted = asyncio.run(loaded(port, tenant, load, [restart] * load.restarts, keep_alive=keep_alive))
    end(service)
    return report(f"{name}, {'keep-alive' if keep_alive else 'close'}", load.restarts, counted)


def by_successor(made: Stack, tenant: Tenant, load: Load, name: str, *, keep_alive: bool) -> int:
    """Start a successor next to the old service, then end the old one."""
    port = free_port()
    services = [begin(made, port, load.workers)]

    def restart() -> None:
        new = start(environment(made, port), "serve", "--workers", str(load.workers), "--reuse-port")
        services.append(new)
        until(lambda: any(each.status == "LISTEN" for each in psutil.Process(new.pid).net_connections("tcp")))
        end(services[-2])

    counted = asyncio.run(loaded(port, tenant, load, [restart] * load.restarts, keep_alive=keep_alive))
    end(services[-1])
    return report(f"{name}, {'keep-alive' if keep_alive else 'close'}", load.restarts, counted)


def behind_nginx(made: Stack, tenant: Tenant, load: Load, *, keep_alive: bool) -> int:
    """Restart two services behind nginx in turn."""
    ports = [free_port(), free_port()]
    services = [begin(made, port, load.workers) for port in ports]
    with nginx(ports, keep_alive=keep_alive) as port:

        def restart(number: int) -> None:
            end(services[number])
            services[number] = begin(made, ports[number], load.workers)

        restarting = [partial(restart, each % 2) for each in range(load.restarts)]
        counted = asyncio.run(loaded(port, tenant, load, restarting, keep_alive=True))
    for service in services:
        end(service)
    return report(f"behind nginx, {'keep-alive' if keep_alive else 'close'} to the service", load.restarts, counted)


@contextlib.contextmanager
def nginx(ports: list[int], *, keep_alive: bool) -> Iterator[int]:
    """Run nginx in front of two services; yield its port."""
    with tempfile.TemporaryDirectory(prefix="upwell-nginx-") as folder:
        Path(folder).chmod(0o755)
        port = free_port()
        config = Path(folder) / "nginx.conf"
        keepalive = "keepalive 32;" if keep_alive else ""
        config.write_text(NGINX.format(folder=folder, first=ports[0], second=ports[1], port=port, keepalive=keepalive))
        running = subprocess.Popen(["nginx", "-e", f"{folder}/error.log", "-c", str(config)])  # on the PATH
        try:
            wait_ready(f"http://127.0.0.1:{port}", running)
            yield port
        finally:
            running.send_signal(signal.SIGQUIT)
            running.wait(30)


async def loaded(
    port: int, tenant: Tenant, load: Load, restarts: Sequence[Callable[[], None]], *, keep_alive: bool
) -> Counter[str]:
    """Restart while clients send requests; count the results."""
    counted: Counter[str] = Counter()
    ending = asyncio.Event()
    request = REQUEST % (tenant.secret.encode(), b"" if keep_alive else b"Connection: close\r\n")
    clients = [asyncio.create_task(ask(port, request, counted, ending, load.pause_seconds)) for _ in range(CLIENTS)]
    for restart in restarts:
        await asyncio.sleep(0.3)
        await asyncio.to_thread(restart)
    await asyncio.sleep(0.3)
    ending.set()
    await asyncio.gather(*clients)
    return counted


async def ask(port: int, request: bytes, counted: Counter[str], ending: asyncio.Event, pause_seconds: float) -> None:
    """Send requests repeatedly; open a new connection after a response that closes one."""
    while not ending.is_set():
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            counted[f"not connected: {type(error).__name__}"] += 1
            continue
        try:
            while not ending.is_set():
                writer.write(request)
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
                counted[head.split(b" ", 2)[1].decode()] += 1
                if b"connection: close" in head:
                    break
                await asyncio.sleep(pause_seconds)
        except (OSError, asyncio.IncompleteReadError) as error:
            counted[f"broken: {type(error).__name__}"] += 1
        finally:
            writer.close()
        await asyncio.sleep(pause_seconds)


def environment(made: Stack, port: int) -> dict[str, str]:
    """Return the settings of a service on this port."""
    return {**made.environment, "UPWELL_PORT": str(port)}


def begin(made: Stack, port: int, workers: int) -> "subprocess.Popen[bytes]":
    """Start a service, and return when it is ready."""
    service = start(environment(made, port), "serve", "--workers", str(workers))
    wait_ready(f"http://127.0.0.1:{port}", service)
    return service


def end(service: "subprocess.Popen[bytes]") -> None:
    """Stop a service as an operator does."""
    service.terminate()
    if service.wait(60) != 0:
        raise RuntimeError(f"the service ended with {service.returncode}")


def until(condition: Callable[[], bool]) -> None:
    """Return when a condition is true."""
    until_then = time.monotonic() + 120
    while not condition():
        if time.monotonic() > until_then:
            raise TimeoutError
        time.sleep(0.05)


def report(name: str, restarts: int, counted: Counter[str]) -> int:
    """Print the figures, and return how many requests failed."""
    failed = counted.total() - counted["200"]
    print(f"{name}: {restarts} restarts, {counted['200']} answered, {failed} failed {dict(counted) if failed else ''}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
