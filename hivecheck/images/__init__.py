"""The image that services run in, wherever it is built: no registry and no network is needed, only a Docker daemon."""

from hivecheck.images.build import build
from hivecheck.images.listing import listing

__all__ = ["build", "listing"]
