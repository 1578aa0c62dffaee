"""The file of manners: read where it lies, told where it is wrong, kept with the batch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.requested_policy import RequestedPolicy
from tlray.core.politeness.retry_policy import RetryChoices, RetryPolicy, RuleChange
from tlray.errors import UsageError
from tlray.io.intake.domains_toml import NAME, read_domains_file
from tlray.io.journal.rows import BatchOptions
from tlray.scrape_options import ScrapeOptions
from tlray.settings import Settings

FILE = """
[domains."example.org"]
rate = "2/s"
max_attempts = 2

[domains."example.org".retry.timeout]
base = "5s"
cap = "10m"

[retry.connect]
max_attempts = 9
"""


def test_a_homes_own_file_is_read_and_a_home_without_one_asks_for_nothing(tmp_path: Path) -> None:
    assert read_domains_file(None, tmp_path) == RequestedPolicy()
    (tmp_path / NAME).write_text(FILE)
    asked = read_domains_file(None, tmp_path)
    assert asked.politeness.rates == {"example.org": (2.0, 1.0)}
    assert asked.by_domain == {
        "example.org": RetryChoices(2, None, {OutcomeKind.TIMEOUT: RuleChange(None, 5.0, 600.0)})
    }
    assert read_domains_file(tmp_path / NAME, Path("/nowhere")) == asked


def test_a_file_that_is_named_goes_before_the_homes_own(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(FILE)
    other = tmp_path / "other.toml"
    text = "[domains.localhost]\r\nconcurrency = 3\r\n"
    for encoding in ("utf-8-sig", "utf-16"):  # as some editors write it
        other.write_bytes(text.encode(encoding))
        assert read_domains_file(other, tmp_path).politeness == PolitenessOptions(
            concurrency={"localhost": 3}
        )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'[domains."a.test"]\nrate = 2/s\n', "is no TOML: .* (at line 2, column "),
        (b"[domains\n", "is no TOML: .* (at line 1, column "),
        (b'[domains."a.test"]\nrate = "1/s"\nrate = "2/s"\n', "is no TOML: .*(at line 3, column "),
        (b'[domains."a.test"]\nrate = "x"\n', ': [domains."a.test"] rate: rate \'x\' is not of the form'),
        (b"[domains.a.test]\nrate = '1/s'\n", 'quote a name with dots'),
        (b"[retry.timeout]\nbase = " + b"9" * 5_000, "is no TOML: "),
        (b"[retry.timeout]\nbase = " + b"9" * 400, ": [retry] timeout base must be a duration"),
        (b"[retry.timeout]\nbase = inf", ": [retry] timeout base must be a duration"),
        (b"[retry.timeout]\nbase = nan", ": [retry] timeout base must be a duration"),
        (b"[retry.timeout]\nbase = 0001-01-01T00:00:00Z", ": [retry] timeout base must be a duration"),
        (b"a = " + b"[" * 5_000, "is no TOML: "),
        (b"# \xe9\n", "is not UTF-8 text: .* at byte 2"),
    ],
)  # fmt: skip
def test_a_mistake_names_the_file_and_the_place(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / NAME
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_domains_file(None, tmp_path)
    before, _, after = told.partition(".*")
    message = str(caught.value)
    assert message.startswith(str(path))
    assert before in message
    assert after in message


def test_a_file_that_is_named_must_be_there_and_be_one(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"no file '.*nothing\.toml' here; --domains-file and TLRAY_DOMAINS_FILE"
    ):
        read_domains_file(tmp_path / "nothing.toml", tmp_path)
    with pytest.raises(UsageError, match=r"cannot be read: Is a directory"):
        read_domains_file(tmp_path, tmp_path)


# -- over it -----------------------------------------------------------------------------------------


def options(home: Path, **given: object) -> BatchOptions:
    env = {key: given.pop(key) for key in ("block_cool_down_s", "domains_file") if key in given}
    return ScrapeOptions(**given).checked(Settings(home=home, **env))[0]  # type: ignore[arg-type]


def attempts(found: BatchOptions, kind: OutcomeKind, domain: str) -> int | None:
    return found.retry.change(kind, domain, most=None).max_attempts


def test_what_a_call_says_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(FILE)
    assert options(tmp_path).politeness.rates == {"example.org": (2.0, 1.0)}
    found = options(tmp_path, rates={"Example.org": "5/s", "www.mixesdb.com": "1/9s"})
    assert found.politeness.rates == {"example.org": (5.0, 1.0), "mixesdb.com": (1 / 9, 1.0)}
    assert attempts(options(tmp_path), OutcomeKind.TIMEOUT, "example.org") == 2
    assert attempts(options(tmp_path, max_attempts=7), OutcomeKind.TIMEOUT, "example.org") == 7
    both = options(tmp_path, max_attempts=7, domains={"example.org": {"max_attempts": 3}})
    assert attempts(both, OutcomeKind.TIMEOUT, "example.org") == 3, "who speaks of one domain means it"
    assert attempts(both, OutcomeKind.CONNECT, "b.test") == 7
    assert (
        attempts(options(tmp_path, retry={"connect": {"max_attempts": 1}}), OutcomeKind.CONNECT, "b.test")
        == 1
    )


def test_the_environment_stands_between_a_call_and_the_file(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('[retry.blocked]\nbase = "1h"\n')
    assert options(tmp_path).politeness.block_cool_down_s == 3_600.0
    assert options(tmp_path, block_cool_down_s=60.0).politeness.block_cool_down_s == 60.0
    asked = {"blocked": {"base": 5}}
    assert options(tmp_path, block_cool_down_s=60.0, retry=asked).politeness.block_cool_down_s == 5.0


def test_of_two_names_of_one_site_the_gentler_rate_counts(tmp_path: Path) -> None:
    rates = {"www.mixesdb.com": "1/9s", "mixesdb.com": "1/5s"}
    assert options(tmp_path, rates=rates).politeness.rates == {"mixesdb.com": (1 / 9, 1.0)}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"rates": {"a b": "1/s"}}, "'a b' is no domain"),
        ({"concurrency": {"a/b": 2}}, "'a/b' is no domain"),
        ({"ignore_crawl_delay": ["http://a.test"]}, "'http://a.test' is no domain"),
        ({"concurrency": {"a.test": 0}}, "concurrency of a.test is 0; give 1 to 256"),
        ({"max_attempts": 0}, "max attempts is 0; give 1 to 100"),
        ({"retry": {"timeout": {"base": "x"}}}, "options: [retry] timeout base: 'x' is no duration"),
        ({"domains": {"a.test": {"rate": "x"}}}, "options: [domains.\"a.test\"] rate: rate 'x'"),
        ({"priority": "high"}, "choose immediate, normal or low"),
    ],
)
def test_a_call_is_told_what_is_wrong_with_it(tmp_path: Path, given: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        options(tmp_path, **given)
    assert told in str(caught.value)


# -- kept with the batch -----------------------------------------------------------------------------


def test_a_batch_keeps_its_manners_as_json(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(FILE)
    found = options(tmp_path, ignore_crawl_delay=["a.test"], domains={"b.test": {"block_cool_down": "9m"}})
    assert BatchOptions.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_what_an_older_tlray_kept_is_read() -> None:
    old = {
        "rates": {"www.mixesdb.com": [0.5, 2.0]},
        "concurrency": {"a.test": 3},
        "crawl_delay_ignored": ["a.test"],
        "block_cool_down_s": None,
        "retry": {"max_attempts": 4, "max_snooze_s": 99.0},
        "keeps_pages": False,
    }
    found = BatchOptions.from_json(old)
    assert found.politeness == PolitenessOptions(
        {"mixesdb.com": (0.5, 2.0)}, {"a.test": 3}, frozenset({"a.test"})
    )
    assert found.retry == RetryPolicy(4, 99.0)
    assert not found.keeps_pages
