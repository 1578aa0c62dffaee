"""What tables may ask for, how a mistake in them is told, and what goes before what."""

from __future__ import annotations

import time

import pytest

from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.rate_text import AUTO_BURST, AUTO_MAX
from tlray.core.politeness.requested_policy import RequestedPolicy, read_tables
from tlray.core.politeness.retry_policy import RetryChoices, RuleChange
from tlray.errors import UsageError

K = OutcomeKind


def read(**tables: object) -> RequestedPolicy:
    return read_tables(tables, of="f.toml")


def test_everything_that_a_domain_may_be_given_is_read() -> None:
    asked = read(
        domains={
            "Example.ORG": {
                "rate": "2/s:3",
                "concurrency": 4,
                "ignore_crawl_delay": True,
                "block_cool_down": "30m",
                "max_attempts": 3,
                "max_snooze": "1d",
                "retry": {"timeout": {"max_attempts": 2, "base": "5s", "cap": "10m"}, "throttled": {"base": 60}},
            },
            "www.mixesdb.com:8080": {"rate": "auto"},
            "b.test": {"rate": "auto:10/s", "ignore_crawl_delay": False, "retry": {"blocked": {"base": "2h", "cap": "4h"}}},
            "empty.test": {},
        },
        retry={"connect": {"max_attempts": 9}, "blocked": {"base": "1h"}, "dns": {}},
    )  # fmt: skip
    assert asked == RequestedPolicy(
        PolitenessOptions(
            rates={"example.org": (2.0, 3.0), "mixesdb.com:8080": (AUTO_MAX, AUTO_BURST), "b.test": (10.0, AUTO_BURST)},
            concurrency={"example.org": 4},
            crawl_delay_ignored=frozenset({"example.org"}),
            block_cool_down_s=3_600.0,
            block_cool_downs={"example.org": 1_800.0, "b.test": 7_200.0},
        ),
        RetryChoices(changes={K.CONNECT: RuleChange(max_attempts=9)}),
        {
            "example.org": RetryChoices(
                3, 86_400.0, {K.TIMEOUT: RuleChange(2, 5.0, 600.0), K.THROTTLED: RuleChange(base_s=60.0)}
            ),
            "b.test": RetryChoices(changes={K.BLOCKED: RuleChange(cap_s=14_400.0)}),
        },
    )  # fmt: skip
    assert read() == RequestedPolicy()


DOMAIN = 'f.toml: [domains."a.test"]'


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"domain": {}}, "f.toml knows no key 'domain'; there are domains, retry"),
        ({"domains": 3}, "f.toml: [domains] must be a table, got 3"),
        ({"domains": {"a.test": "2/s"}}, f"{DOMAIN} must be a table, got '2/s'"),
        ({"domains": {"a.test": {"rte": "2/s"}}}, f"{DOMAIN} knows no key 'rte'; there are rate, concurrency,"),
        ({"domains": {"a": {"test": {}}}}, 'quote a name with dots: f.toml: [domains."a.test"]'),
        ({"domains": {"http://a.test/": {}}}, "'http://a.test/' is no domain; write a host"),
        ({"domains": {"mixesdb.com": {}, "www.mixesdb.com": {}}}, "it is the same as 'mixesdb.com'; write one table for both"),
        ({"domains": {"a.test": {"rate": 2}}}, f'{DOMAIN} rate must be text such as "2/s", got 2'),
        ({"domains": {"a.test": {"rate": "fast"}}}, f"{DOMAIN} rate: rate 'fast' is not of the form N/s"),
        ({"domains": {"a.test": {"rate": "0/s"}}}, "is 0; to fetch nothing from a domain"),
        ({"domains": {"a.test": {"concurrency": 0}}}, f"{DOMAIN} concurrency must be a whole number from 1 to 256, got 0"),
        ({"domains": {"a.test": {"concurrency": True}}}, "must be a whole number from 1 to 256, got True"),
        ({"domains": {"a.test": {"concurrency": 2.0}}}, "must be a whole number from 1 to 256, got 2.0"),
        ({"domains": {"a.test": {"max_attempts": 101}}}, "must be a whole number from 1 to 100, got 101"),
        ({"domains": {"a.test": {"ignore_crawl_delay": "yes"}}}, "must be true or false, got 'yes'"),
        ({"domains": {"a.test": {"block_cool_down": "soon"}}}, "'soon' is no duration; write 90s, 30m, 2h or 1d"),
        ({"domains": {"a.test": {"block_cool_down": 0}}}, 'must be a duration such as "30m", at most 366d, got 0'),
        ({"domains": {"a.test": {"max_snooze": -1}}}, "got -1"),
        ({"domains": {"a.test": {"max_snooze": "367d"}}}, "at most 366d, got '367d'"),
        ({"domains": {"a.test": {"max_snooze": float("inf")}}}, "got inf"),
        ({"domains": {"a.test": {"max_snooze": float("nan")}}}, "got nan"),
        ({"domains": {"a.test": {"max_snooze": True}}}, "got True"),
        ({"domains": {"a.test": {"max_snooze": [1]}}}, "got [1]"),
        ({"domains": {"a.test": {"retry": 2}}}, f"{DOMAIN} retry must be a table, got 2"),
        ({"domains": {"a.test": {"block_cool_down": "1h", "retry": {"blocked": {"base": "1h"}}}}}, "are the same; use one"),
        ({"retry": {"time-out": {}}}, "f.toml: [retry] time-out: 'time-out' is no kind of outcome; there are blocked,"),
        ({"retry": {"gone": {}}}, "[retry] gone: 'gone' is never tried again; there are blocked"),
        ({"retry": {"timeout": 2}}, "[retry] timeout must be a table, got 2"),
        ({"retry": {"timeout": {"attempts": 2}}}, "[retry] timeout knows no key 'attempts'; there are max_attempts, base, cap"),
        ({"retry": {"throttled": {"max_attempts": 2}}}, "[retry] throttled knows no key 'max_attempts'; there are base, cap"),
        ({"retry": {"timeout": {"base": "10m", "cap": "5s"}}}, "[retry] timeout: cap 5 s is shorter than base 600 s"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_error_that_says_where_and_what_is_allowed(
    tables: dict[str, object], told: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_tables(tables, of="f.toml")
    assert told in str(caught.value)
    assert str(caught.value).startswith("f.toml")
    assert "\n" not in str(caught.value)


# -- what goes before what ---------------------------------------------------------------------------


def test_what_lies_over_the_file_goes_before_it_and_the_rest_of_the_file_stays() -> None:
    file = read(
        domains={
            "a.test": {"rate": "1/s", "concurrency": 2, "max_attempts": 3, "block_cool_down": "1h"},
            "a.test:81": {"rate": "3/s", "ignore_crawl_delay": True},
            "b.test": {"rate": "4/s"},
        },
        retry={"blocked": {"base": "2h"}},
    )
    said = RequestedPolicy(
        PolitenessOptions(rates={"a.test": (9.0, 1.0)}, crawl_delay_ignored=frozenset({"c.test"}))
    )
    politeness = said.over(file).politeness
    assert politeness.rates == {"a.test": (9.0, 1.0), "b.test": (4.0, 1.0)}, "of every port, as it says"
    assert politeness.concurrency == {"a.test": 2}
    assert politeness.crawl_delay_ignored == {"a.test:81", "c.test"}
    assert (politeness.block_cool_down_s, politeness.block_cool_downs) == (7_200.0, {"a.test": 3_600.0})
    assert RequestedPolicy().over(file) == file.over(RequestedPolicy()) == file


def test_the_rest_after_a_block_is_a_domains_own_before_it_is_everybodys() -> None:
    file = read(domains={"a.test": {"block_cool_down": "1h"}})
    politeness = RequestedPolicy(PolitenessOptions(block_cool_down_s=5.0)).over(file).politeness
    assert (
        politeness.policy("a.test").block_cool_down_s
        == politeness.policy("a.test:81").block_cool_down_s
        == 3_600.0
    )
    assert politeness.policy("b.test").block_cool_down_s == 5.0


def attempts(asked: RequestedPolicy, kind: OutcomeKind, domain: str, most: int | None = None) -> int | None:
    return asked.retry_policy().change(kind, domain, most=most).max_attempts


def test_attempts_are_a_kinds_of_a_domain_then_a_domains_then_a_kinds_then_the_batchs() -> None:
    asked = read(
        domains={
            "a.test": {"max_attempts": 3, "retry": {"timeout": {"max_attempts": 8}}},
            "a.test:81": {"retry": {"dns": {"max_attempts": 6}}},
            "a.test:82": {"max_attempts": 4},
        },
        retry={"connect": {"max_attempts": 9}},
    )
    assert attempts(asked, K.TIMEOUT, "a.test") == 8
    assert attempts(asked, K.TRUNCATED, "a.test") == 3
    assert attempts(asked, K.CONNECT, "a.test") == 3, "a domain's word is narrower than a batch's for a kind"
    assert attempts(asked, K.CONNECT, "b.test") == 9
    assert attempts(asked, K.TIMEOUT, "b.test") == 5
    assert attempts(asked, K.DNS, "a.test:81") == 6
    assert attempts(asked, K.TIMEOUT, "a.test:81") == 8, "of its host, where the port says nothing"
    assert attempts(asked, K.TIMEOUT, "a.test:82") == 4, "all of its attempts are said"


def test_the_tables_bound_is_lifted_only_by_who_speaks_of_that_kind() -> None:
    asked = read(domains={"a.test": {"max_attempts": 8, "retry": {"tls": {"max_attempts": 7}}}})
    assert attempts(asked, K.FORBIDDEN, "a.test", most=2) == 2
    assert attempts(asked, K.TLS, "a.test", most=2) == 7
    assert attempts(asked, K.TLS, "b.test", most=2) == 2
    assert attempts(read(), K.TLS, "b.test", most=2) == 2
    assert attempts(read(retry={"tls": {"max_attempts": 4}}), K.TLS, "b.test", most=2) == 4


def test_max_attempts_of_the_command_line_hold_everywhere_and_waits_of_the_file_stay() -> None:
    file = read(
        domains={"a.test": {"max_attempts": 3, "max_snooze": "1h", "retry": {"timeout": {"max_attempts": 8, "base": "7s"}}}},
        retry={"connect": {"max_attempts": 9, "cap": "1m"}},
    )  # fmt: skip
    asked = RequestedPolicy(retry=RetryChoices(max_attempts=1)).over(file)
    for kind in (K.TIMEOUT, K.CONNECT, K.DNS):
        assert attempts(asked, kind, "a.test") == attempts(asked, kind, "b.test") == 1
    policy = asked.retry_policy()
    assert policy.change(K.TIMEOUT, "a.test", most=None).base_s == 7.0
    assert policy.change(K.CONNECT, "b.test", most=None).cap_s == 60.0
    assert (policy.snooze_s("a.test"), policy.snooze_s("b.test")) == (3_600.0, 172_800.0)


def test_a_call_changes_one_thing_of_a_kind_and_the_file_keeps_the_others() -> None:
    file = read(
        domains={"a.test:81": {"max_snooze": "2h", "retry": {"dns": {"base": "9s", "cap": "1h"}}}},
        retry={"timeout": {"base": "2s", "cap": "20s", "max_attempts": 4}},
    )
    over = read(
        retry={"timeout": {"base": "3s"}, "dns": {"cap": "2h"}},
        domains={"a.test": {"max_snooze": "3h", "retry": {"dns": {"base": "4s"}}}},
    )
    policy = over.over(file).retry_policy()
    assert policy.change(K.TIMEOUT, "b.test", most=None) == RuleChange(4, 3.0, 20.0)
    assert policy.change(K.DNS, "a.test:81", most=None) == RuleChange(5, 4.0, 7_200.0)
    assert policy.snooze_s("a.test:81") == 10_800.0, "what is said of a host holds for its ports"
    both = RequestedPolicy(retry=RetryChoices(max_snooze_s=60.0)).over(file).retry_policy()
    assert both.snooze_s("a.test:81") == both.snooze_s("b.test") == 60.0


def test_thousands_of_domains_are_read_in_no_time() -> None:
    tables = {"domains": {f"a{i}.io": {"rate": "1/s", "max_attempts": 2} for i in range(4_000)}}
    began = time.process_time()
    asked = read_tables(tables, of="x")
    assert (len(asked.politeness.rates), len(asked.by_domain)) == (4_000, 4_000)
    assert time.process_time() - began < 10.0


def test_a_host_and_one_of_its_ports_both_count_in_whichever_order() -> None:
    said = {"e.org": {"rate": "2/s"}, "e.org:8080": {"rate": "1/60s"}}
    for order in (list(said), list(reversed(said))):
        rates = read_tables({"domains": {name: said[name] for name in order}}, of="x").politeness.rates
        assert set(rates) == set(said), order
