"""What nobody shares by accident: files that usually hold keys and passwords.

The names are rules like those of a ``.gitignore``, and hold whatever the case of the letters.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from quad.cli.share.gitignore import parse

_NAMES: Final = b"""\
# Settings of programs; what is named as an example holds no values.
.env*
*.env
!.env.dist
!.env.example
!.env.sample
!.env.template
!example.env
!sample.env
credentials
credentials*.json
client_secret*.json
firebase-adminsdk*.json
*-firebase-adminsdk-*.json
kubeconfig
local.settings.json
service[-_]account*.json
serviceaccount*.json
terraform.tfstate*
token.json
secrets.json
secrets.toml
secrets.yaml
secrets.yml

# Keys, and stores of them.
id_dsa
id_ecdsa
id_ecdsa_sk
id_ed25519
id_ed25519_sk
id_rsa
*.jks
*.kdb
*.kdbx
*.key
*.keystore
*.p12
*.pem
*.pfx
*.pkcs12
*.ppk

# Where programs keep who one is.
.aws/
.azure/
.docker/
.gnupg/
.kube/
.password-store/
.ssh/
**/.config/gcloud/
**/.config/gh/
.git-credentials
.htpasswd
.my.cnf
.netrc
_netrc
.npmrc
.pgpass
.pypirc
.vault-token

# What was typed into shells and databases, passwords among it.
.*_history
"""
_RULES: Final = parse(_NAMES, is_caseless=True)
# In the first lines: some programs write who the key is for above it, and clouds put it into JSON.
_KEY: Final = re.compile(
    rb"^(?:\xef\xbb\xbf)?[ \t]*(?:-----BEGIN [A-Z0-9 ]*PRIVATE KEY|PuTTY-User-Key-File-)"
    rb"|\"private_key\"\s*:\s*\"-----BEGIN [A-Z0-9 ]*PRIVATE KEY",
    re.MULTILINE,
)
_BEGINNING_BYTES: Final = 4_096


class Secrets:
    """Which files count as secrets, but for those that somebody asks to share."""

    def __init__(self, included: Sequence[str] = ()) -> None:
        """`included` are patterns as in a ``.gitignore``."""
        self._included = parse("\n".join(included).encode(errors="surrogateescape"))

    def hide(self, path: bytes, *, is_directory: bool) -> bool:
        """Whether a file or directory of the shared folder is left out for its name."""
        if not _RULES.verdict(path, is_directory=is_directory):
            return False
        return not self._is_included(path, is_directory=is_directory)

    def hide_all_in(self, root: Path) -> bool:
        """Whether the shared folder itself lies where secrets are kept."""
        steps = [step.encode(errors="surrogateescape") for step in root.parts]
        ways = (b"/".join(steps[: place + 1]) for place in range(len(steps)))
        return any(self.hide(way, is_directory=True) for way in ways)

    def hide_content(self, path: bytes, content: bytes) -> bool:
        """Whether a file is left out because a private key is in it."""
        if _KEY.search(content[:_BEGINNING_BYTES]) is None:
            return False
        return not self._is_included(path, is_directory=False)

    def _is_included(self, path: bytes, *, is_directory: bool) -> bool:
        """Whether it, or a directory above it, was asked for."""
        if self._included.verdict(path, is_directory=is_directory):
            return True
        above = path.rpartition(b"/")[0]
        return bool(above) and self._is_included(above, is_directory=True)
