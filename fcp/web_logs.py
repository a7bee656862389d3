"""What gunicorn itself says, in the form of all other lines; named in the web server's command (fcp/programs.py)."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from fcp.logs import lines_formatter


class JsonLogger(Logger):
    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(lines_formatter(json=True))
