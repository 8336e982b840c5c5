"""Resolves the model name of a request to the name that workers serve. Pure: knows no worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.api_errors import ApiError
from services.orchestrator.identity.auth import Identity
from services.orchestrator.settings import ModelEntry, Offering

UUID_LENGTH = 36
MAX_ECHOED = 256  # Validation allows no longer model name, but the path of `/v1/models/{id}` does.


@dataclass(frozen=True)
class ModelAlias:
    """The served model behind a name. With an `organisation`, only its clients can use the name."""

    served: str
    organisation: str | None = None
    is_active: bool = True
    is_offering: bool = False


@dataclass(frozen=True)
class ModelAliases:
    """All aliases. A name without an alias counts as a served name."""

    aliases: Mapping[str, ModelAlias] = field(default_factory=dict)

    def served_name(self, name: str, identity: Identity) -> str:
        """The served name. Raises ApiError 404 for an inactive or hidden model, 403 for another organisation's offering."""
        # A UUID may come in upper case. Other names of that length keep their case.
        alias = self.aliases.get(name) or (self.aliases.get(name.lower()) if len(name) == UUID_LENGTH else None)
        if alias is None:
            return name
        if not alias.is_active:
            raise not_found(name)
        if alias.organisation is not None and not identity.belongs_to(alias.organisation):
            if alias.is_offering:  # The name itself contains the organisation, so a 404 would hide nothing.
                raise ApiError("model_not_allowed", f"The model '{name}' is offered to another organisation.", param="model")
            raise not_found(name)
        return alias.served

    def offered(self, served: Iterable[str], identity: Identity) -> list[str]:
        """The model list of a client: the served models that it may use, and the offerings of its organisations."""
        ready = list(served)
        offerings = [name for name, alias in self.aliases.items() if alias.is_offering and alias.served in ready]
        return [name for name in [*ready, *offerings] if self._is_offered(name, identity)]

    def _is_offered(self, name: str, identity: Identity) -> bool:
        try:
            return identity.may_use(name, self.served_name(name, identity))
        except ApiError:
            return False


def aliases_of(models: Iterable[ModelEntry], offerings: Iterable[Offering]) -> ModelAliases:
    """The aliases of these settings. An offering of an inactive model is inactive too."""
    aliases: dict[str, ModelAlias] = {}
    for model in models:
        aliases |= dict.fromkeys(model.names(), ModelAlias(model.name, model.organisation, model.active))
    for offering in offerings:
        is_active = offering.active and (offering.model not in aliases or aliases[offering.model].is_active)
        aliases[offering.name] = ModelAlias(offering.model, offering.organisation, is_active, is_offering=True)
    return ModelAliases(aliases)


def not_found(name: str) -> ApiError:
    """A 404, before any attempt."""
    return ApiError("model_not_found", f"The model '{name[:MAX_ECHOED]}' does not exist.", param="model")
