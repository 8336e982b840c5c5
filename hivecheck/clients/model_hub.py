"""The model hub as the harness asks it: what it offers, and what it is to do wrong. Synchronous; no state."""

from __future__ import annotations

from typing import Any

from hivecheck.clients.control import ControlClient


class ModelHubClient(ControlClient):
    """Offers and orders."""

    def offers(self) -> dict[str, dict[str, Any]]:
        """Model -> size and checksum."""
        return {offer["model"]: offer for offer in self.get("/models")["models"]}

    def download(self, model: str) -> bytes:
        """The model's file, whatever is in it."""
        return self.content(f"/files/{model}")

    def order(self, **orders: Any) -> None:
        """From now on it does this; what is not named stays as it is."""
        self.call("POST", "/admin/orders", body=orders)

    def orders(self) -> dict[str, Any]:
        """What it still has to do wrong."""
        return dict(self.get("/admin/state"))
