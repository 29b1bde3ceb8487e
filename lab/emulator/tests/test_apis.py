"""APIs of API Gateway that a template makes."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

from support import unique
from test_cloudformation import deploy

if TYPE_CHECKING:
    from running import Running


def api(*origins: str) -> dict[str, Any]:
    cors = {"AllowOrigins": origins, "AllowMethods": ["POST"], "AllowHeaders": ["content-type"], "MaxAge": 60}
    properties = {"Name": "models", "ProtocolType": "HTTP", **({"CorsConfiguration": cors} if origins else {})}
    return {"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": properties}}


def preflight(aws: Running, stack: str, origin: str) -> dict[str, str]:
    """The headers of CORS in the answer to a preflight request."""
    [output] = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=30)
    headers = {"Host": f"{output['OutputValue']}.execute-api.localhost", "Origin": origin}
    connection.request("OPTIONS", "/v1/models/digits:predict", headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return {name.lower(): value for name, value in answer.getheaders() if name.lower().startswith("access-control")}


def test_an_http_api_has_the_permission_for_pages_that_its_template_has(aws: Running) -> None:
    stack, here, there = unique("Api"), "https://example.com", "https://other.example"

    assert deploy(aws, stack, api(here), Api={"Ref": "Api"}) == "CREATE_COMPLETE"
    assert preflight(aws, stack, here) == {
        "access-control-allow-origin": here,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": "60",
    }
    assert preflight(aws, stack, there) == {}

    assert deploy(aws, stack, api(there), Api={"Ref": "Api"}) == "UPDATE_COMPLETE"
    assert preflight(aws, stack, here) == {}
    assert preflight(aws, stack, there)["access-control-allow-origin"] == there

    assert deploy(aws, stack, api(), Api={"Ref": "Api"}) == "UPDATE_COMPLETE"
    assert preflight(aws, stack, there) == {}
