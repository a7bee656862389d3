"""Store nicknames: one word, unique in an account whatever the case, made from the name unless a person chose one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from fcp.models import Account
from integrations.errors import IntegrationError
from integrations.models import Integration

ONE_WORD = "Use one word of letters and digits only: no space and no symbol."
LONGEST = 60
WORD = re.compile(r"[A-Za-z0-9]+")


def made_from(name: str, taken: Collection[str], fallback: str = "Store") -> str:
    """`My Shop` becomes MyShop, and MyShop2 where that is taken (compared without case). Accents are dropped."""
    plain = unicodedata.normalize("NFKD", name)
    word = "".join(WORD.findall(plain))[: LONGEST - 4] or fallback
    lower = {other.lower() for other in taken}
    number, nickname = 1, word
    while nickname.lower() in lower:
        number += 1
        nickname = f"{word}{number}"
    return nickname


def nickname_for(account: Account, name: str, platform_label: str) -> str:
    taken = Integration.objects.for_account(account).values_list("nickname", flat=True)
    return made_from(name, set(taken), "".join(WORD.findall(platform_label)))


def check_nickname(account: Account, nickname: str, integration: Integration | None = None) -> str:
    """The nickname as it is stored. Raises IntegrationError with the reason; one that is taken names by whom."""
    nickname = nickname.strip()
    if not WORD.fullmatch(nickname):
        raise IntegrationError(ONE_WORD, "nickname_not_a_word", "nickname")
    if len(nickname) > LONGEST:
        raise IntegrationError(f"Use at most {LONGEST} letters and digits.", "nickname_too_long", "nickname")
    others = Integration.objects.for_account(account).filter(nickname__iexact=nickname)
    if integration is not None:
        others = others.exclude(pk=integration.pk)
    if other := others.first():
        sentence = f"“{other.nickname}” is the nickname of {other.name} already. Choose another one."
        raise IntegrationError(sentence, "nickname_taken", "nickname")
    return nickname
