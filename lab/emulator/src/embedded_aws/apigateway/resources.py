"""HTTP APIs of a template: gives them the permission for web pages, whose members MiniStack reads by other names."""

from __future__ import annotations

from typing import Any

from ministack.services import apigateway


def apply_cors(api_id: str, properties: dict[str, Any]) -> None:
    """Stores the permission by the names of API Gateway's own call, which begin in lower case."""
    cors = properties.get("CorsConfiguration")
    if cors:
        apigateway._apis[api_id]["corsConfiguration"] = {name[0].lower() + name[1:]: cors[name] for name in cors}
