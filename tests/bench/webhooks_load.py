"""Requests over kept connections from one thread, with as little of our own work as Python allows.

`closed`: each connection sends the next as soon as it has its answer. `opened`: requests come at a steady rate,
whatever the server does; one that finds no free connection waits, and that counts.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


def request_of(url: str, body: bytes, kind: str = "text/plain") -> bytes:
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n\r\n"
    )
    return head.encode() + body


@dataclass(frozen=True)
class Outcome:
    """Milliseconds of each request, in no order; how many were answered with 200; seconds in all."""

    took: list[float]
    good: int
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.took) / self.seconds

    def at(self, share: float) -> float:
        ordered = sorted(self.took)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


class _Connection:
    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.socket = self._open()
        self.answer = b""
        self.sent_at = 0.0
        self.request = b""

    def _open(self) -> socket.socket:
        made = socket.create_connection(self.address)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def send(self, request: bytes, since: float) -> None:
        self.answer, self.sent_at, self.request = b"", since, request
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """The status, when the whole answer is here."""
        part = self.socket.recv(65536)
        self.answer += part
        head, found, rest = self.answer.partition(b"\r\n\r\n")
        if not found:
            return 0 if not part else None
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        return int(lines[0].split(b" ")[1]) if len(rest) >= length or not part else None


def _run(url: str, connections: int, jobs: Iterator[tuple[float, bytes]], total: int) -> Outcome:
    """`jobs` gives for each request when it is due (0: at once) and what is sent."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    selector = selectors.DefaultSelector()
    free: deque[_Connection] = deque()
    every = []
    for _ in range(connections):
        one = _Connection((parts.hostname, parts.port))
        free.append(one)
        every.append(one)
        selector.register(one.socket, selectors.EVENT_READ, one)
    took: list[float] = []
    good, began = 0, time.perf_counter()
    job = next(jobs, None)
    while len(took) < total:
        now = time.perf_counter()
        while job and free and job[0] <= now - began:
            one = free.popleft()
            one.send(job[1], began + job[0] if job[0] else now)
            job = next(jobs, None)
        wait = max(job[0] - (now - began), 0) if job and free else None
        for key, _ in selector.select(wait if wait is not None else 30):
            one = key.data
            status = one.receive()
            if status is None:
                continue
            took.append((time.perf_counter() - one.sent_at) * 1000)
            good += status == 200
            free.append(one)
    seconds = time.perf_counter() - began
    for one in every:
        one.socket.close()
    selector.close()
    return Outcome(took, good, seconds)


def closed(url: str, requests: Sequence[bytes], connections: int = 16) -> Outcome:
    return _run(url, connections, ((0.0, request) for request in requests), len(requests))


def opened(url: str, requests: Sequence[bytes], rate: float, connections: int = 64) -> Outcome:
    jobs = (((n + 1) / rate, request) for n, request in enumerate(requests))
    return _run(url, connections, jobs, len(requests))
