"""Signs of life of a cluster: each task that a worker takes or ends touches the cluster's file.

The supervisor names the file in FCP_PULSE_FILE and watches it (fcp/supervisor.py). A long run calls `show_life`
with each page, so that it is not taken for a cluster that hangs.
"""

import contextlib
import os
from typing import Any


def show_life(**signal: Any) -> None:
    """Without a supervisor nothing happens. Also the receiver of django-q's signals."""
    path = os.environ.get("FCP_PULSE_FILE")
    if path:
        with contextlib.suppress(OSError):  # a sign that is missed is no reason to lose the task
            os.utime(path)
