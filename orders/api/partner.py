"""What a partner says of its own system: its guide, what it can do, what it wants to know of each store."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from fcp.api import ApiView
from fcp.api_docs import documented
from fcp.api_shapes import checked
from fcp.idempotency import once
from fcp.models import Partner
from fcp.partner_fields import ALIASES, downloads_aliases, wrong_in
from fcp.scopes import Scope

from . import bodies


class PartnerDetail(ApiView):
    scopes = {"GET": Scope.READ_PARTNER, "PUT": Scope.WRITE_PARTNER}

    @documented(
        "What you say of your system", Scope.READ_PARTNER, {200: bodies.PartnerBody}, tag="Partner", name="get_partner"
    )
    def get(self, request: Request) -> Response:
        return Response(_shape(self._partner()))

    @documented(
        "Say what your system can do, and what it wants to know",
        Scope.WRITE_PARTNER,
        {200: bodies.PartnerBody},
        body=bodies.PartnerBody,
        description="Whoever connects a store whose orders you ship is asked for these fields, and led to your guide. "
        "What was filled in comes with each shipping request, as `wms`. The whole is replaced.",
        tag="Partner",
        name="replace_partner",
    )
    def put(self, request: Request) -> Response:
        said = checked(bodies.PartnerBody, request.data)

        def replace() -> Response:
            partner = Partner.objects.select_for_update(no_key=True).get(pk=self._partner().pk)
            partner.guide_url, partner.fields_needed = said["guide_url"], said["fields_needed"]
            partner.capabilities = _with_aliases(partner.capabilities, said["alias_download"])
            partner.save(update_fields=["guide_url", "fields_needed", "capabilities"])
            return Response(_shape(partner))

        return once(request, replace)

    def _partner(self) -> Partner:
        partner = self.caller.key.partner
        assert partner  # only a partner's key has the scope
        return partner


def _with_aliases(capabilities: Any, said: bool | None) -> dict[str, Any]:
    kept = {name: value for name, value in (capabilities or {}).items() if name != ALIASES}
    return kept if said is None else kept | {ALIASES: said}


def _shape(partner: Partner) -> dict[str, Any]:
    fields = [] if wrong_in(partner.fields_needed) else partner.fields_needed
    empty = {"help": "", "required": False, "kind": "text", "platforms": []}
    return {
        "guide_url": partner.guide_url,
        "alias_download": downloads_aliases(partner),
        "fields_needed": [empty | one for one in fields],
    }
