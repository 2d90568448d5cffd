"""Upload tokens over their lives: issued, used, renewed, revoked, in any order, against a plain model of them."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from application.keys.issuing_upload_tokens import TokenWish
from application.ports.keys.token_reads import owner_of
from domain.events.registry import decode
from domain.keys.upload_token import UPLOAD_TOKEN, IssuedToken
from domain.refusals import RefusedError
from domain.uploads.upload import Status
from tests.unit.application.world import Client, World

LIVES = timedelta(minutes=15)
SIZES = st.sampled_from([1, 20, 50])


class Token:
    """What the model knows of a token. `secrets`: the newest one and the one before, with their ends."""

    def __init__(self, token_id: str, subject: str | None, max_count: int, max_total_bytes: int | None) -> None:
        self.token_id = token_id
        self.subject = subject
        self.max_count = max_count
        self.max_total_bytes = max_total_bytes
        self.secrets: dict[str, datetime] = {}
        self.old: set[str] = set()
        self.used = 0
        self.used_bytes = 0
        self.revoked = False
        self.finishes = False

    def gets(self, secret: str, ends_at: datetime) -> None:
        """Note a new secret; of the others only the newest still works."""
        for each in list(self.secrets)[:-1]:
            del self.secrets[each]
            self.old.add(each)
        self.secrets[secret] = ends_at

    def opens(self, secret: str, now: datetime) -> str | None:
        """Return the code of the refusal of a secret; None: it works."""
        if secret not in self.secrets:
            return "token_unknown"
        if self.revoked:
            return "token_revoked"
        return "token_expired" if self.secrets[secret] <= now else None

    def takes(self, size_bytes: int) -> str | None:
        """Return the code of the refusal of a file; None: it is taken."""
        if self.used >= self.max_count:
            return "token_used_up"
        if self.max_total_bytes is not None and self.used_bytes + size_bytes > self.max_total_bytes:
            return "token_bytes_used_up"
        return None

    def reaches(self, other: "Token") -> bool:
        return self is other or (self.subject is not None and self.subject == other.subject)


class TokenMachine(RuleBasedStateMachine):
    """A server that issues tokens, their holders, and time."""

    tokens = Bundle("tokens")
    uploads = Bundle("uploads")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = World()
        self.server: Client = self.run(self.world.tenant(quota_bytes=10**6))
        self.all: list[Token] = []

    def teardown(self) -> None:
        self.runner.close()

    def run(self, work: Any) -> Any:  # noqa: ANN401  # any coroutine
        return self.runner.run(work)

    def attempt(self, work: Any) -> tuple[Any, str | None]:  # noqa: ANN401  # the same
        """Carry out some work, and return its result and the code of its refusal."""
        try:
            return self.run(work), None
        except RefusedError as refused:
            return None, refused.code

    @rule(
        target=tokens,
        subject=st.sampled_from([None, "user-42", "user-43"]),
        max_count=st.integers(1, 3),
        max_total_bytes=st.sampled_from([None, 50]),
    )
    def issue(self, subject: str | None, max_count: int, max_total_bytes: int | None) -> Token:
        wish = TokenWish(expires_in=LIVES, subject=subject, max_count=max_count, max_total_bytes=max_total_bytes)
        server = self.server
        issued, secret = self.run(self.world.issue_token(server.caller, server.namespace, server.bucket, wish))
        token = Token(issued.token_id, subject, max_count, max_total_bytes)
        token.gets(secret, issued.expires_at)
        self.all.append(token)
        return token

    @rule(token=tokens)
    def renew(self, token: Token) -> None:
        result, code = self.attempt(
            self.world.manage_tokens.renew(
                self.server.caller, self.server.namespace, token.token_id, only_buckets=None, expires_in=2 * LIVES
            )
        )
        assert code == ("token_is_revoked" if token.revoked else None)
        if result is not None:
            renewed, secret = result
            token.gets(secret, renewed.expires_at)

    @rule(token=tokens, finishes=st.booleans())
    def revoke(self, token: Token, finishes: bool) -> None:
        self.run(
            self.world.manage_tokens.revoke(
                self.server.caller,
                self.server.namespace,
                token.token_id,
                only_buckets=None,
                lets_open_finish=finishes,
            )
        )
        if not token.revoked:
            token.revoked, token.finishes = True, finishes

    @rule(subject=st.sampled_from(["user-42", "user-43"]))
    def revoke_subject(self, subject: str) -> None:
        server = self.server
        bucket_id = server.bucket.bucket_id
        found = self.run(
            self.world.manage_tokens.revoke_subject(
                server.caller, server.namespace, bucket_id=bucket_id, subject=subject
            )
        )
        expected = [token for token in self.all if token.subject == subject and not token.revoked]
        assert {each.token_id for each in found} == {token.token_id for token in expected}
        for token in expected:
            token.revoked = True

    @rule(minutes=st.sampled_from([1, 10, 20]))
    def wait(self, minutes: int) -> None:
        self.world.clock.advance(timedelta(minutes=minutes))

    @rule(target=uploads, token=tokens, size_bytes=SIZES)
    def request(self, token: Token, size_bytes: int) -> Any:  # noqa: ANN401  # an upload, or nothing
        holder = self.holder(token)
        if holder is None:
            return None
        expected = token.takes(size_bytes)
        asked = holder.request(size=size_bytes, create_object=False, skip_duplicates=False)
        answer, code = self.attempt(asked)
        assert code == expected
        if answer is None:
            return None
        token.used += 1
        token.used_bytes += size_bytes
        return token, answer

    @rule(upload=uploads, token=tokens)
    def reach(self, upload: Any, token: Token) -> None:  # noqa: ANN401  # the same
        if upload is None:
            return
        (giver, answer), holder = upload, self.holder(token)
        if holder is not None:
            _, missing = self.attempt(self.world.admitting.check_own(holder.caller, answer.record.upload_id))
            assert missing == (None if token.reaches(giver) else "upload_not_found")

    @rule(upload=consumes(uploads))
    def complete(self, upload: Any) -> None:  # noqa: ANN401  # the same
        """Confirm an upload with the server's key: its giver decides whether the bytes are accepted."""
        if upload is None:
            return
        giver, answer = upload
        self.server.put(answer, b"x" * (answer.record.declared_size_bytes or 0))
        _, code = self.attempt(self.server.confirm(answer))
        record = self.run(self.server.record(answer))
        if giver.revoked and not giver.finishes:
            assert (code, record.status) == ("requester_revoked", Status.FAILED)
        else:
            assert (code, record.status) == (None, Status.COMPLETED)

    def holder(self, token: Token) -> Client | None:
        """Return a client with the newest secret that works; every other secret is refused as it should be."""
        now, opened = self.world.clock.now(), None
        for secret in (*token.old, *token.secrets):
            expected = token.opens(secret, now)
            caller, code = self.attempt(self.world.admitting.caller(secret))
            assert code == expected
            if caller is None:
                continue
            opened = Client(self.world, caller, secret, self.server.namespace)
            opened.bucket = self.server.bucket
        return opened

    @invariant()
    def the_table_counts_what_the_log_says(self) -> None:
        for token in self.all:
            record = self.run(self.world.read_side.upload_token(token.token_id))
            assert (record.used_count, record.used_bytes) == (token.used, token.used_bytes)
            assert (record.revoked_at is not None) == token.revoked
            stored = self.run(self.world.log.read_stream(token.token_id))
            state = UPLOAD_TOKEN.replay([decode(each.state) for each in stored])  # type: ignore[misc]  # of this stream
            assert isinstance(state, IssuedToken) == (not token.revoked)
            assert len(stored) == record.version
            owned = self.run(self.world.read_side.tokens_of(owner_of(record)))
            assert set(owned) == {other.token_id for other in self.all if token.reaches(other)}


TestTokens = TokenMachine.TestCase
TestTokens.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
