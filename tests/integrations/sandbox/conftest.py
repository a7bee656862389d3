"""The stand-in stores as they are, but for how soon they lose patience: a busy machine may take its time."""

import pytest

from integrations.sandbox.wix import events


@pytest.fixture(autouse=True)
def patient_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PATIENCE", 30)
