"""Programs of this machine are answered, and no web page that a browser shows."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from support import function

if TYPE_CHECKING:
    from running import Running

START_BUILD = {
    "X-Amz-Target": "CodeBuild_20161006.StartBuild",
    "Content-Type": "application/x-amz-json-1.1",
}
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def ask(aws: Running, method: str = "GET", path: str = "/", **headers: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of the answer to a request with exactly these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=30)
    connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    text = answer.read().decode()
    connection.close()
    return answer.status, found, text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", **WEBSOCKET},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_web_page_is_refused_and_cannot_read_the_reason(aws: Running, method: str, headers: dict[str, str]) -> None:
    status, answered, _ = ask(aws, method, **START_BUILD, **headers)
    assert status == 403
    assert [name for name in answered if name.startswith("access-control")] == []


def test_a_web_page_starts_no_build(aws: Running) -> None:
    before = aws.client("codebuild").list_builds()["ids"]
    status, _, text = ask(aws, "POST", **START_BUILD, Origin="https://evil.example")
    assert status == 403
    assert text == "the embedded AWS answers no web pages, and this request is one of https://evil.example\n"
    assert aws.client("codebuild").list_builds()["ids"] == before


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:4566", "127.0.0.1.evil.example", "notlocalhost", "localhost.evil.example", ""],
)
def test_a_host_name_outside_aws_is_refused(aws: Running, host: str) -> None:
    status, answered, text = ask(aws, Host=host)
    assert status == 403
    assert "the embedded AWS answers to the hosts 127.0.0.1, localhost, *.localhost, *.amazonaws.com, *.on.aws" in text
    assert [name for name in answered if name.startswith("access-control")] == []


def test_programs_are_answered_at_every_name_that_they_use(aws: Running) -> None:
    bucket = aws.client("s3")
    bucket.create_bucket(Bucket="callers")
    bucket.put_object(Bucket="callers", Key="key", Body=b"text")
    scope = "Credential=test/20261125/us-east-1/s3/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
    for host in ("callers.localhost", "callers.s3.us-east-1.amazonaws.com", f"callers.s3.localhost:{aws.port}"):
        status, _, text = ask(aws, path="/key", Host=host, **signed)
        assert (status, text) == (200, "text"), host
    assert ask(aws, path="/callers/key", Host=f"LOCALHOST:{aws.port}", **signed)[0] == 200
    assert ask(aws, path="/callers/key", Host="localhost")[0] == 403, "nobody may read it without credentials"

    name = function(aws, "def handler(e, c): return 'called'")
    url = aws.client("lambda").create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    assert ask(aws, Host=url.split("/")[2])[2] == "called"


def test_fetch_of_node_is_answered_and_a_visitor_who_types_the_address_too(aws: Running) -> None:
    program = "fetch(process.argv[1]).then(async (a) => console.log(JSON.stringify([a.status, await a.text()])))"
    node = shutil.which("node")
    assert node
    result = subprocess.run(
        [node, "-e", program, f"{aws.endpoint}/_embedded_aws/load-balancers/none/1"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(result.stdout) == [404, '{"error": "there is no such listener"}']
    assert ask(aws, path="/_embedded_aws/load-balancers/none/1", **{"Sec-Fetch-Site": "none"})[0] == 404


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("{url}.lambda-url.us-east-1.localhost", "/_ministack/reset"),
        ("{url}.lambda-url.us-east-1.localhost", "/"),
        ("{url}.lambda-url.us-east-1.localhost", "/v1/models/../../_ministack/reset"),
        ("{url}.lambda-url.us-east-1.localhost", "/v2/models/manifests/latest"),
        ("{url}.lambda-url.us-east-1.localhost.evil.example", "/v1/models/digits"),
        ("evil.example", "/v1/models/digits"),
        ("localhost", "/v1/models/digits"),
        ("127.0.0.1", "/_aws/lambda-url/{url}/v1/models/digits"),
    ],
)
def test_a_web_page_is_answered_nowhere_but_at_the_paths_of_a_model(aws: Running, host: str, path: str) -> None:
    url = _public_url(aws)
    headers = {"Host": host.format(url=url), "Origin": "https://example.com"}
    for method in ("GET", "POST", "OPTIONS"):
        status, answered, _ = ask(aws, method, path.format(url=url), **headers, **START_BUILD)
        assert status == 403
        assert [name for name in answered if name.startswith("access-control")] == []


def test_a_web_page_that_knows_no_address_starts_nothing(aws: Running) -> None:
    before = aws.client("codebuild").list_builds()["ids"]
    for host in (f"{'0' * 32}.lambda-url.us-east-1.localhost", f"{'0' * 8}.execute-api.localhost"):
        headers = {"Host": host, "Origin": "https://example.com"}
        assert ask(aws, "POST", "/v1/models/digits:predict", **headers, **START_BUILD)[0] == 404
    assert aws.client("codebuild").list_builds()["ids"] == before


def test_a_web_page_reads_what_a_function_url_permits(aws: Running) -> None:
    host = f"{_public_url(aws)}.lambda-url.us-east-1.localhost"
    for origin, permitted in (("https://example.com", "https://example.com"), ("https://other.example", None)):
        status, answered, text = ask(aws, path="/v1/models/digits", Host=host, Origin=origin)
        assert (status, text, answered.get("access-control-allow-origin")) == (200, "called", permitted)


def _public_url(aws: Running) -> str:
    name = function(aws, "def handler(e, c): return 'called'")
    cors = {"AllowOrigins": ["https://example.com"]}
    config = aws.client("lambda").create_function_url_config(FunctionName=name, AuthType="NONE", Cors=cors)
    return config["FunctionUrl"].split("/")[2].split(".")[0]
