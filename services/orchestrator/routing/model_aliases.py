"""Names of models: what a client calls a model becomes the name under which workers serve it. Pure; knows no worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.api_errors import ApiError
from services.orchestrator.identity.auth import Identity
from services.orchestrator.settings import ModelEntry, Offering

UUID_LENGTH = 36
MAX_ECHOED = 256  # a name in an error message; what is longer was not meant as one


@dataclass(frozen=True)
class ModelAlias:
    """What a name leads to. `organisation`: the only one whose clients may use it; None for everybody's."""

    served: str
    organisation: str | None = None
    is_active: bool = True
    is_offering: bool = False


@dataclass(frozen=True)
class ModelAliases:
    """Names it does not know are taken for what workers call a model: a catalogue adds names, it need not list them all."""

    targets: Mapping[str, ModelAlias] = field(default_factory=dict)

    def served_name(self, asked: str, identity: Identity) -> str:
        """The name workers know. Raises ApiError: 404 for an inactive or hidden model, 403 for another organisation's offering."""
        target = self.targets.get(asked.lower() if len(asked) == UUID_LENGTH else asked)
        if target is None:
            return asked
        if not target.is_active:
            raise not_found(asked)
        if target.organisation is not None and not identity.belongs_to(target.organisation):
            if target.is_offering:  # its name tells already whose it is, so there is nothing to hide
                raise ApiError("model_not_allowed", f"The model '{asked}' is offered to another organisation.", param="model")
            raise not_found(asked)
        return target.served

    def offered(self, served: Iterable[str], identity: Identity) -> list[str]:
        """What `identity` is to be shown: the served models it may use by name, and its organisations' offerings of them."""
        ready = list(served)
        offerings = [name for name, target in self.targets.items() if target.is_offering and target.served in ready]
        return [name for name in [*ready, *offerings] if self._is_shown(name, identity)]

    def _is_shown(self, name: str, identity: Identity) -> bool:
        try:
            return identity.may_use(name, self.served_name(name, identity))
        except ApiError:
            return False


def catalogue(models: Iterable[ModelEntry], offerings: Iterable[Offering]) -> ModelAliases:
    """The catalogue of these tables; an offering of an inactive model is inactive, too."""
    targets: dict[str, ModelAlias] = {}
    for model in models:
        targets |= dict.fromkeys(model.names(), ModelAlias(model.name, model.organisation, model.active))
    for offering in offerings:
        is_active = offering.active and (offering.model not in targets or targets[offering.model].is_active)
        targets[offering.name] = ModelAlias(offering.model, offering.organisation, is_active, is_offering=True)
    return ModelAliases(targets)


def not_found(asked: str) -> ApiError:
    """404 before anything goes upstream."""
    return ApiError("model_not_found", f"The model '{asked[:MAX_ECHOED]}' does not exist.", param="model")
