"""The control page of the stand-in stores."""

from typing import TYPE_CHECKING

from .wire import Reply, Request

if TYPE_CHECKING:
    from .server import Sandbox


class Control:
    def __init__(self, box: "Sandbox"):
        self.box = box

    def answer(self, request: Request) -> Reply:
        return Reply(404, b'{"message":"not found"}')
