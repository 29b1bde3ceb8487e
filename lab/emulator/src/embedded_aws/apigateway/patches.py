"""Completes the HTTP APIs of a template."""

from __future__ import annotations

from ministack.services import apigateway

from embedded_aws.apigateway import resources
from embedded_aws.cloudformation.wrapping import after
from embedded_aws.patching import rely_on


def install() -> None:
    """Applies what MiniStack drops."""
    rely_on(apigateway, "_apis")
    after("AWS::ApiGatewayV2::Api", resources.apply_cors)
