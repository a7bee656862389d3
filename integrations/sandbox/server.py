"""The sandbox: stand-in stores behind one loopback HTTP server.

with Sandbox(orders=20, products=6) as box:
    box.wix.place_order("v1", shipping="std-eu")
    box.info["wix"]["base_url"]
"""

import contextlib
import json
import os
import threading
import traceback
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any
from urllib.parse import urlsplit

from integrations import sandbox

from .control.api import Control
from .setup import Setup
from .state import State
from .wire import Reply, Request


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one go
    timeout = 60
    server: "Server"

    def handle_one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        address = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, address.path, address.query, headers, self.rfile.read(length))
        self.reply(self.server.box.answer(request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

    def reply(self, reply: Reply) -> None:
        if reply.status == 0:
            self.close_connection = True
            return
        self.send_response(reply.status)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            **reply.headers,
            "Content-Length": str(len(reply.body)),
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
        self.close_connection = self.close_connection or reply.cut

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):  # the caller hung up
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    box: "Sandbox"


class Sandbox:
    """Options: see Setup."""

    def __init__(self, **options: Any):
        setup = Setup(**options)
        self.state = State(setup.state)
        with self.state.transaction():
            self.hosts = {name: _host(name, setup, self.state) for name in setup.platforms or _with_stand_in()}
        self.control = Control(self)
        self.server = Server(("127.0.0.1", setup.port), Handler)
        self.server.box = self
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), name="sandbox", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __getattr__(self, name: str) -> Any:
        """A platform's stand-in by its key: `box.wix`."""
        try:
            return self.__dict__["hosts"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def info(self) -> dict[str, dict[str, str]]:
        return {name: host.info(f"{self.url}/{name}") for name, host in self.hosts.items()}

    def write_info(self, path: str) -> None:
        """Write the info file so that a reader sees all of it or none."""
        temporary = f"{path}.{os.getpid()}.tmp"
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(self.info, file, indent=1)
        os.replace(temporary, path)

    def answer(self, request: Request) -> Reply:
        first, _, rest = request.path.lstrip("/").partition("/")
        try:
            if first in self.hosts:
                request.path = f"/{rest}"
                answer: Reply = self.hosts[first].answer(request)
                return answer
            return self.control.answer(request)
        except Exception:  # a mistake of ours: say so where it is seen, and go on
            traceback.print_exc()
            return Reply(500, b'{"message":"the stand-in has a mistake; see its log"}')

    def start(self) -> "Sandbox":
        for host in self.hosts.values():
            host.start()
        self.thread.start()
        return self

    def stop(self) -> None:
        for host in self.hosts.values():
            host.stop()
        if self.thread.is_alive():
            self.server.shutdown()
            self.thread.join()
        self.server.server_close()
        self.state.close()

    __enter__ = start

    def __exit__(self, *exception: object) -> None:
        self.stop()


def _with_stand_in() -> list[str]:
    """Every folder here with a `Host`."""
    folders = [module.name for module in iter_modules(sandbox.__path__) if module.ispkg]
    return [name for name in folders if find_spec(f"{sandbox.__name__}.{name}.host")]


def _host(name: str, setup: Setup, state: State) -> Any:
    """A platform's stand-in: the class `Host` in its folder."""
    urls = tuple(url.replace("{platform}", name) for url in setup.webhook_urls)
    module = import_module(f"integrations.sandbox.{name}.host")
    return module.Host(replace(setup, webhook_urls=urls), state)
