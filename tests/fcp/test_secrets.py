"""Stored secrets: encrypted, never shown, and moved to a new key."""

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from fcp.secrets import UnreadableSecret, key_id
from integrations.models import Credential, Integration
from tests.build import NOW, make_store

pytestmark = pytest.mark.django_db
OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture
def credential(settings):
    settings.FCP_FIELD_KEYS = [OLD]
    store = make_store()
    integration = Integration.objects.create(
        account=store.account, store=store, name="Shop", nickname="Shop", variant="v1"
    )
    return Credential.objects.create(
        account=store.account, integration=integration, kind="api_key", cipher='{"api_key": "s3cret"}', changed_at=NOW
    )


def stored():
    with connection.cursor() as cursor:
        cursor.execute("SELECT cipher FROM integrations_credential")
        return cursor.fetchone()[0]


def test_the_database_holds_no_plain_secret(credential):
    assert "s3cret" not in stored()
    assert stored().startswith(key_id(OLD))
    assert Credential.objects.get().cipher == '{"api_key": "s3cret"}'


def test_rotating_moves_every_secret_to_the_first_key(credential, settings, capsys):
    settings.FCP_FIELD_KEYS = [NEW, OLD]
    call_command("rotate_secrets")
    settings.FCP_FIELD_KEYS = [NEW]

    assert Credential.objects.get().cipher == '{"api_key": "s3cret"}'
    assert "1 secrets" in capsys.readouterr().out
    call_command("rotate_secrets")
    assert "0 secrets" in capsys.readouterr().out


def test_a_secret_whose_key_is_gone_is_told_and_kept(credential, settings):
    before = stored()
    settings.FCP_FIELD_KEYS = [NEW]

    with pytest.raises(CommandError, match="not in FCP_FIELD_KEYS"):
        call_command("rotate_secrets")

    assert stored() == before
    with pytest.raises(UnreadableSecret):
        Credential.objects.get()
