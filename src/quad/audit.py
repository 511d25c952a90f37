"""The audit log: one structured line for everything that auditors and fail2ban want to know.

    action=admin.login result=failed address=203.0.113.5 name="admin"

Lines go to the logger `quad.audit` at the level INFO, refusals and failures at WARNING. Keys and
actions are plain words; values that are not are quoted as in JSON, so that nobody's name can end a
line or pass for another key. Never give it a secret, or what somebody wrote.
"""

import json
import logging
import re
from typing import Final, Literal

log = logging.getLogger("quad.audit")

Result = Literal["ok", "failed", "refused"]

# What needs no quotes: words, numbers, addresses and their blocks.
_PLAIN: Final = re.compile(r"[\w.:/+-]{1,200}", re.ASCII)
_LONGEST: Final = 200


def record(
    action: str, *, address: str = "", result: Result = "ok", **details: str | float | None
) -> None:
    """Write one line.

    `action` is a system and a verb, `classroom.close`. `address` is the client's, as
    `quad.addresses.normal` spells it. `result`: done (`ok`), a wrong secret (`failed`), or declined
    by a rule or a limit (`refused`). Details that are None are left out.
    """
    fields = {"action": action, "result": result, "address": address or None, **details}
    line = " ".join(f"{key}={_shown(value)}" for key, value in fields.items() if value is not None)
    log.log(logging.INFO if result == "ok" else logging.WARNING, "%s", line)


def _shown(value: str | float) -> str:
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    return json.dumps(text[:_LONGEST])
