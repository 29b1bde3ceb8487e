"""Retention rules: which versions and builds are kept."""

from __future__ import annotations

import pytest
from model_builds.retention.rules import DAY, Retention, Version, reasons_to_keep, removable_builds

NOW = 1_800_000_000.0
OLD = NOW - 100 * DAY


def versions(*numbers: int, modified: float = OLD, has_manifest: bool = True) -> list[Version]:
    return [Version(number, f"digits/litert/{number}/", modified, has_manifest) for number in numbers]


def kept(listed: list[Version], retention: Retention, needed: dict[int, str] | None = None) -> list[int]:
    return sorted(reasons_to_keep(listed, needed or {}, retention, NOW))


@pytest.mark.parametrize(("count", "expected"), [(2, [4, 5]), (3, [3, 4, 5]), (9, [1, 2, 3, 4, 5])])
def test_the_newest_are_kept(count: int, expected: list[int]) -> None:
    assert kept(versions(5, 1, 3, 2, 4), Retention(count, DAY)) == expected


@pytest.mark.parametrize("count", [-1, 0, 1])
def test_two_are_kept_whatever_is_asked_for(count: int) -> None:
    assert kept(versions(1, 2, 3), Retention(count, DAY)) == [2, 3]


@pytest.mark.parametrize("age", [0, 3600, DAY])
def test_what_is_younger_than_a_day_is_kept_whatever_is_asked_for(age: float) -> None:
    young = versions(1, modified=NOW - DAY + 1)

    assert kept([*young, *versions(2, 3, 4)], Retention(2, age)) == [1, 3, 4]


def test_what_is_younger_than_the_age_is_kept_and_what_is_as_old_is_not() -> None:
    listed = [*versions(1, modified=NOW - 7 * DAY), *versions(2, modified=NOW - 7 * DAY + 1), *versions(3, 4)]

    assert kept(listed, Retention(2, 7 * DAY)) == [2, 3, 4]


def test_what_something_names_is_kept_with_that_reason() -> None:
    reasons = reasons_to_keep(versions(1, 2, 3, 4), {1: "a stack serves it"}, Retention(2, DAY), NOW)

    assert reasons == {1: "a stack serves it", 3: "it is one of the newest 2", 4: "it is one of the newest 2"}


def test_what_was_never_published_completely_does_not_count_as_one_of_the_newest() -> None:
    assert kept([*versions(1, 2), *versions(3, 4, has_manifest=False)], Retention(2, DAY)) == [1, 2]


def test_reports_go_when_they_are_old_unless_their_version_or_refusal_is_kept() -> None:
    builds = {"old": OLD, "kept": OLD, "young": NOW - DAY + 1}

    assert removable_builds(builds, ["kept", ""], Retention(2, 0), NOW) == ["old"]
