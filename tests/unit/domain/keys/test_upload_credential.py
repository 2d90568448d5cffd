from datetime import timedelta
from typing import Any

import msgspec
import pytest

from domain.keys.event_token import EventToken, event_token_secret
from domain.keys.token_secrets import TokenSecrets
from domain.keys.upload_credential import UploadCredential, credential_in, credential_of, credential_secret
from tests.unit.domain.examples import LATER, ORIGIN
from tests.unit.domain.keys.test_upload_token import token

SECRETS = TokenSecrets(["a secret of the server"])
UPLOAD: dict[str, Any] = {
    "key_id": "key_b4d81f06c2a94e73",
    "namespace_id": "ns_1d6f3a92c8b7e045",
    "bucket_id": "bkt_9a30c7e5d1f2846b",
    "created_at": ORIGIN.at,
}


def of_key() -> UploadCredential:
    return credential_of("upl_0a1b2c3d4e5f6a7b", token=None, **UPLOAD)


def of_token() -> UploadCredential:
    issuer = token(token_id="utk_0c9d2e7a3b485f1c", upload_lifetime_seconds=3600)
    return credential_of("upl_0a1b2c3d4e5f6a7b", token=issuer, **UPLOAD)


@pytest.mark.parametrize("made", [of_key, of_token])
def test_a_credential_is_read_as_it_was_signed_and_is_small(made: object) -> None:
    credential = made()  # type: ignore[operator]  # one of these two
    secret = credential_secret(credential, SECRETS)

    assert credential_in(secret, SECRETS) == credential
    assert secret.startswith("uo_")
    assert len(secret) <= 150
    assert secret == credential_secret(credential, TokenSecrets(["a secret of the server"]))


def test_that_of_a_token_ends_with_the_lifetime_of_its_uploads_and_that_of_a_key_with_the_key() -> None:
    assert of_key().ends_at is None
    assert of_token().ends_at == int((ORIGIN.at + timedelta(hours=1)).timestamp())


def test_a_secret_of_the_server_that_is_still_accepted_opens_it() -> None:
    secret = credential_secret(of_key(), SECRETS)

    assert credential_in(secret, TokenSecrets(["a newer one", "a secret of the server"])) == of_key()
    assert credential_in(secret, TokenSecrets(["a newer one"])) is None


def test_nothing_else_is_a_credential() -> None:
    secret = credential_secret(of_token(), SECRETS)
    payload, _, signature = secret.rpartition(".")
    other = credential_secret(msgspec.structs.replace(of_token(), upload_id="upl_1111111111111111"), SECRETS)
    event_token = event_token_secret(EventToken(token_id="etk_1", key_id="key_1", expires_at=LATER), "a" * 64, SECRETS)
    forged = (
        f"{payload}.",
        payload,
        f"{payload}.{other.rpartition('.')[2]}",
        f"{other.rpartition('.')[0]}.{signature}",
        secret[:-2],
        f"{secret}x",
        f"uo_{event_token[3:]}",
        "uo_",
        "uo_ü.ü",
        "uo_....." + "." + signature,
    )
    for each in forged:
        assert credential_in(each, SECRETS) is None, each
