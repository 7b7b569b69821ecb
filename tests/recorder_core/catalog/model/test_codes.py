from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from recorder_core.catalog.model.codes import (
    check_code,
    check_hash,
    check_user_id,
    new_id,
    parse_utc,
    utc_now,
    utc_text,
)
from recorder_core.errors import CatalogDamaged, CatalogError


@pytest.mark.parametrize(
    "code", ["lap-chole", "192.0.2.7", "fe80::1", "host:42", "a" * 64, "K80.2"]
)
def test_codes_pass(code: str) -> None:
    assert check_code(code, "kind") == code


@pytest.mark.parametrize("text", ["", "Maria Silva", "José", "a" * 65, "-x", "two words\n", "x;y"])
def test_free_text_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(CatalogError) as error:
        check_code(text, "kind")
    assert str(error.value).startswith("kind must be a code")
    assert len(text) < 3 or text.strip() not in str(error.value)


@pytest.mark.parametrize("user_id", ["Maria", "maria silva", "", "a" * 33, "é"])
def test_user_ids_that_are_none(user_id: str) -> None:
    with pytest.raises(CatalogError, match="a user id is"):
        check_user_id(user_id)


@pytest.mark.parametrize("digest", ["", "ab" * 31, "AB" * 32, "zz" * 32])
def test_hashes_that_are_none(digest: str) -> None:
    with pytest.raises(CatalogError, match="sha256 must be a SHA-256"):
        check_hash(digest, "sha256")


def test_ids_are_random_and_are_codes() -> None:
    ids = {new_id() for _ in range(200)}
    assert len(ids) == 200
    assert all(check_code(made, "id") for made in ids)


def test_times_survive_and_sort() -> None:
    first = datetime(2026, 3, 1, 23, 30, 0, 5, tzinfo=timezone(timedelta(hours=-3)))
    second = datetime(2026, 3, 2, 2, 30, 1, tzinfo=UTC)
    assert parse_utc(utc_text(first)) == first
    assert utc_text(first) < utc_text(second)
    assert utc_now().tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(CatalogError, match="without a time zone"):
        utc_text(datetime(2026, 3, 1))
    with pytest.raises(CatalogDamaged, match="not a UTC time"):
        parse_utc("2026-03-01")


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-04T09:30:00Z",
        "2026-05-04T09:30:00.123456+00:00",
        "2026-05-04T09:30:00.123456",
        "2026-05-04T09:30:00.12345678Z",
        "2026-05-04T25:30:00.123456Z",
        "",
    ],
)
def test_only_what_the_catalog_writes_is_a_time(text: str) -> None:
    with pytest.raises(CatalogDamaged, match="not a UTC time"):
        parse_utc(text)
