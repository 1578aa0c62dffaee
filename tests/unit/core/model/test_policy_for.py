"""Which addresses a batch may lead to."""

from __future__ import annotations

from tlray.core.model.address_policy import ANY_NAMED, PUBLIC_ONLY, policy_for


def test_a_redirect_from_a_public_address_leads_to_public_addresses_only() -> None:
    assert policy_for(None, from_public=True) is PUBLIC_ONLY
    assert (
        policy_for(("127.0.0.0/8",), from_public=True).refusal_of_host("127.0.0.1") == "not a public address"
    )
    assert policy_for(None) is ANY_NAMED
    assert policy_for(("127.0.0.0/8",)).refusal_of_host("127.0.0.1") is None
    assert policy_for(()).refusal_of_host("127.0.0.1") == "not a public address"
