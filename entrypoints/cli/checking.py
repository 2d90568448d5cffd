"""`upwell rebuild --check`: compares everything that is derived from the log with the log; a sentence per finding."""

from collections.abc import Sequence

from adapters.postgres.analytics.analytics import check_analytics
from adapters.postgres.database.rebuilding import rebuild
from application.events.checking_readers import Checked, Missed, position_ranges
from entrypoints.settings import Settings
from entrypoints.wiring.operations import administering

_RANGES = 10


async def check(settings: Settings) -> tuple[list[str], bool]:
    """Return what to print, and whether nothing is wrong."""
    replayed = await rebuild(settings.database_owner_url, swap=False)
    figures = await check_analytics(settings.database_owner_url)
    async with administering(settings.database_url, settings.rules) as use:
        checked = await use.check_readers.check()
    tables = [f"{table}: {found}" for table, found in replayed.differences.items()]
    verdict = "The live tables differ from the replay." if tables else "The live tables equal the replay."
    readers = [
        *(
            f"{table}: {found} from a new count of the log; run 'upwell analytics rebuild'"
            for table, found in figures.items()
        ),
        *_readers(checked),
    ]
    progress = [
        f"webhook {each.webhook_id}: of {each.wanted} events after position {each.after}, {each.delivered} were"
        f" delivered, {each.waiting} wait, {each.failed} were given up"
        for each in checked.progress
    ]
    if readers:
        readers.append("Readers of the log have missed some of it.")
    else:
        readers.append("Readers of the log have missed nothing.")
    good = checked.good and not tables and not figures
    return [f"replayed {replayed.events} events", *tables, verdict, *progress, *readers], good


def _readers(checked: Checked) -> list[str]:
    return [
        *(
            f"{each.reader}: its position {each.position} is beyond the end of the log, which is {each.end}"
            for each in checked.ahead
        ),
        *map(_missed, checked.missed),
    ]


def _missed(missed: Missed) -> str:
    runs = position_ranges(missed.positions)
    return (
        f"webhook {missed.webhook_id}: {len(missed.positions)} events were never queued: {_shown(runs)}; run 'upwell"
        f" webhooks replay {missed.webhook_id} --after {runs[0][0] - 1} --until {runs[-1][1]}'"
    )


def _shown(runs: Sequence[tuple[int, int]]) -> str:
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in runs[:_RANGES]]
    return ", ".join([*shown, "…"] if len(runs) > _RANGES else shown)
