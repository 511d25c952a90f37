"""Id tokens of OpenID Connect: is this one by this provider, for us, for this very login?"""

from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

_LEEWAY_S: Final = 60
# Signatures that only the provider can make. With HS256 our own secret would sign, with "none"
# anybody.
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")


def check_id_token(
    id_token: str, keys: dict[str, Any], *, issuer: str, client_id: str, nonce: str
) -> dict[str, Any]:
    """Return the claims of a token that one of the keys has signed.

    Raises ValueError with the kind of the fault, and nothing of the token.
    """
    rules = jwt.JWTClaimsRegistry(
        leeway=_LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        sub={"essential": True},
        exp={"essential": True},
        nonce={"essential": True, "value": nonce},
        azp={"value": client_id},
    )
    try:
        # The key set is whatever the provider sent: not all of its faults are JoseErrors.
        key_set = KeySet.import_key_set(keys)  # type: ignore[arg-type]
        token = jwt.decode(id_token, key_set, algorithms=list(_ALGORITHMS))
        rules.validate(token.claims)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(type(error).__name__) from None
    return token.claims
