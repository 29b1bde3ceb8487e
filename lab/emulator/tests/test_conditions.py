"""Conditions of a template."""

from __future__ import annotations

from typing import Any

import pytest
from embedded_aws.cloudformation.conditions import joined

PARAMETERS = {"Policies": {"Value": "a,b"}, "None": {"Value": ""}, "One": {"Value": "x"}}


@pytest.mark.parametrize(
    ("join", "text"),
    [
        (["", {"Ref": "None"}], ""),
        (["", {"Ref": "Policies"}], "ab"),
        (["-", [{"Ref": "One"}, "y"]], "x-y"),
        (["-", [{"Fn::GetAtt": ["A", "B"]}]], {"Fn::Join": ["-", [{"Fn::GetAtt": ["A", "B"]}]]}),
        (["-", {"Fn::Split": [",", "a,b"]}], {"Fn::Join": ["-", {"Fn::Split": [",", "a,b"]}]}),
    ],
)
def test_a_join_of_parameters_is_a_text(join: list[Any], text: Any) -> None:
    assert joined({"Fn::Equals": ["", {"Fn::Join": join}]}, PARAMETERS) == {"Fn::Equals": ["", text]}
