"""An ambiguous database URL is refused, with advice."""

import pytest

from entrypoints.settings import SettingError, Settings


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://upwell_app:secret@db.internal/upwell",
        "postgresql://upwell_app:p%40ss%2Fword@db.internal:5432/upwell",
        "postgresql://upwell@/upwell?host=/run/postgresql",
        "postgresql://upwell@/upwell?host=%2Ftmp%2Fx&port=5432",
        "postgresql://u:p@one:5432,two:5433/upwell?target_session_attrs=read-write",
        f"postgresql://u:p@[::1]:5432/upwell?sslmode=verify-full&sslrootcert={__file__}",
        "postgres://u@db/upwell?password=a@b",
    ],
)
def test_a_url_that_libpq_takes_is_taken(url: str) -> None:
    assert Settings({"UPWELL_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://u:p@ss@db/upwell", "@ is %40"),
        ("postgresql://u:p/ss@db/upwell", "/ is %2F"),
        ("postgresql://u:p#ss@db/upwell", "# is %23"),
        ("postgresql://u:p?ss@db/upwell", "percent-encoded"),
        ("postgresql://u:50%@db/upwell", "% is %25"),
        ("postgresql://u:p@db:port/upwell", "port"),
        ("postgresql://u:p@db/upwell?sslmode=on", "sslmode"),
        ("postgresql://u:p@db/upwell?target_session_attrs=master", "target_session_attrs"),
        ("postgresql://u:p@db/upwell?connect_timeout=5", "connect_timeout"),
        ("postgresql://u:p@db/upwell?sslrootcert=/not/there.pem", "sslrootcert"),
        ("mysql://u:p@db/upwell", "postgresql://"),
    ],
)
@pytest.mark.parametrize("name", ["UPWELL_DATABASE_URL", "UPWELL_DATABASE_OWNER_URL"])
def test_a_url_that_would_be_misread_is_refused_with_its_setting_and_the_remedy(
    url: str, words: str, name: str
) -> None:
    with pytest.raises(SettingError) as refused:
        Settings({name: url})
    assert str(refused.value).startswith(name)
    assert words in str(refused.value)
    assert "p@ss" not in str(refused.value)
