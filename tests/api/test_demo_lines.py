"""The lines that the demo's dashboard offers to be copied into a terminal."""

import re
import shlex

import pytest
from django.template.loader import get_template
from django.test import Client

from tests.orders.making import new_order, offered

pytestmark = pytest.mark.django_db


def test_each_line_of_the_demos_card_is_a_call_that_the_api_takes(api, partner):
    request = offered(new_order({"MUG": 2}, partner, name="MyShop"))
    text = get_template("integrations/parts/card_demo.html").template.source
    lines = [line for line in text.splitlines() if line.startswith("curl ")]
    lines[-1] = lines[-1].removesuffix("</pre>")

    answers = [_sent(line.replace("$KEY", api.text).replace("/17/", f"/{request.pk}/")) for line in lines]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    request.refresh_from_db()
    assert request.state == "acknowledged"


def _sent(line):
    """What curl sends: a body makes it a POST, with the content type that is said."""
    words = shlex.split(line.replace("{{ panel }}", ""))
    headers = dict(re.split(r":\s*", words[at + 1], maxsplit=1) for at, word in enumerate(words) if word == "-H")
    if "-d" not in words:
        return Client().get(words[-1], headers=headers)
    kind = headers.pop("Content-Type", "application/x-www-form-urlencoded")
    return Client().generic("POST", words[-1], words[words.index("-d") + 1], kind, headers=headers)
