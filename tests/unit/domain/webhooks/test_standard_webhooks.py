import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from domain.webhooks.standard_webhooks import GIVE_UP_AFTER, pause_after, rest_after, webhook_headers, webhook_secret

# The example of the reference implementations: https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'


def test_a_message_is_signed_as_the_reference_implementations_sign_it() -> None:
    assert webhook_headers(MESSAGE_ID, AT, BODY, [SECRET]) == {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_with_two_secrets_there_are_two_signatures_the_newest_first() -> None:
    newer = webhook_secret("sk_newer")
    key = base64.b64decode(newer.removeprefix("whsec_"))
    content = f"{MESSAGE_ID}.1614265330.".encode() + BODY
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()

    signatures = webhook_headers(MESSAGE_ID, AT, BODY, [newer, SECRET])["webhook-signature"].split(" ")

    assert signatures == [f"v1,{expected}", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="]


def test_a_secret_has_32_bytes() -> None:
    prefix, _, encoded = webhook_secret("sk_anything").partition("_")

    assert prefix == "whsec"
    assert len(base64.b64decode(encoded)) == 32
    assert webhook_secret("sk_another") != webhook_secret("sk_anything")


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 5), (2, 10), (5, 80), (14, 6 * 3600), (10_000, 6 * 3600)])
def test_pauses_double_up_to_six_hours_and_are_spread(attempts: int, seconds: int) -> None:
    pauses = {pause_after(attempts, f"msg_{number}") for number in range(50)}

    assert len(pauses) == 50
    assert all(timedelta(seconds=seconds * 0.8) <= each <= timedelta(seconds=seconds * 1.2) for each in pauses)
    assert max(pauses) - min(pauses) > timedelta(seconds=seconds * 0.2)


def test_over_three_days_there_are_some_twenty_attempts() -> None:
    waited, attempts = timedelta(0), 0
    while waited <= GIVE_UP_AFTER:
        attempts += 1
        waited += pause_after(attempts, MESSAGE_ID)

    assert 18 <= attempts <= 30


def test_an_address_that_fails_is_left_alone_for_five_minutes_in_the_end() -> None:
    assert rest_after(1, "wh_1") <= timedelta(seconds=1.2)
    assert timedelta(minutes=4) <= rest_after(50, "wh_1") <= timedelta(minutes=6)
