"""CodeBuild: a buildspec is executed as on AWS, failures included."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from embedded_aws.host.pythons import find_python, newest_python
from support import PROBE, add_policy, archive, finished, log_of, project, role, run_build, start_build, unique

if TYPE_CHECKING:
    from running import Running


def spec(**phases: Any) -> str:
    """A buildspec of phases given as lists of commands or as whole phases."""
    return json.dumps(
        {
            "version": "0.2",
            "phases": {
                name: value if isinstance(value, dict) else {"commands": value} for name, value in phases.items()
            },
        }
    )


def phases_of(build: dict[str, Any]) -> dict[str, str]:
    return {phase["phaseType"]: phase["phaseStatus"] for phase in build["phases"] if "phaseStatus" in phase}


def test_directory_and_variables_carry_over_between_commands_and_phases(aws: Running) -> None:
    build, log = run_build(
        aws, spec(install=["mkdir inner && cd inner", "PLAIN=1"], build=['echo "$PLAIN in ${PWD##*/}"'])
    )
    assert build["buildStatus"] == "SUCCEEDED"
    assert "1 in inner" in log
    assert build["buildComplete"] is True
    assert phases_of(build)["BUILD"] == "SUCCEEDED"


def test_post_build_runs_after_a_failed_build_and_can_tell(aws: Running) -> None:
    build, log = run_build(
        aws,
        spec(
            build=["echo $CODEBUILD_BUILD_SUCCEEDING before", "exit 3", "echo never"],
            post_build=["echo $CODEBUILD_BUILD_SUCCEEDING after"],
        ),
    )
    assert build["buildStatus"] == "FAILED"
    assert "1 before" in log
    assert "0 after" in log
    assert "never" not in log
    assert phases_of(build)["BUILD"] == "FAILED"
    assert phases_of(build)["POST_BUILD"] == "SUCCEEDED"
    failed = next(phase for phase in build["phases"] if phase["phaseType"] == "BUILD")
    assert failed["contexts"] == [
        {
            "statusCode": "COMMAND_EXECUTION_ERROR",
            "message": "Error while executing command: exit 3. Reason: exit status 3",
        }
    ]


@pytest.mark.parametrize("phase", ["install", "pre_build"])
def test_a_failed_install_or_pre_build_skips_everything_except_its_own_finally(aws: Running, phase: str) -> None:
    build, log = run_build(
        aws,
        spec(
            **{phase: {"commands": ["false"], "finally": ["echo cleaned"]}},
            build=["echo built"],
            post_build=["echo posted"],
        ),
    )
    assert build["buildStatus"] == "FAILED"
    assert "cleaned" in log
    assert "built" not in log
    assert "posted" not in log


def test_on_failure_decides_whether_the_next_phase_runs(aws: Running) -> None:
    build, log = run_build(
        aws, spec(pre_build={"commands": ["false"], "on-failure": "CONTINUE"}, build=["echo went on"])
    )
    assert build["buildStatus"] == "FAILED"
    assert "went on" in log
    build, log = run_build(aws, spec(build={"commands": ["false"], "on-failure": "ABORT"}, post_build=["echo went on"]))
    assert build["buildStatus"] == "FAILED"
    assert "went on" not in log


def test_commands_may_be_many_lines_end_the_shell_or_be_wrong(aws: Running) -> None:
    build, log = run_build(
        aws,
        spec(
            pre_build=["export KEPT=kept\ncd /", "exit 0"],
            build=["if true; then\n  echo 'many'' lines'\nfi", 'echo "$KEPT $PWD"'],
            post_build=["if then"],
        ),
    )
    assert "many lines" in log
    assert "kept /" in log, "a command that ends the shell takes nothing with it but itself"
    assert phases_of(build)["BUILD"] == "SUCCEEDED"
    assert phases_of(build)["POST_BUILD"] == "FAILED"


def test_the_install_phase_installs_into_a_python_of_the_builds_own(aws: Running) -> None:
    files: dict[str, str | bytes] = {f"source/{name}": text for name, text in PROBE.items()}
    bucket = unique("bucket")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="source.zip", Body=archive(files))
    source = {
        "type": "S3",
        "location": f"{bucket}/source.zip",
        "buildspec": spec(
            install={"runtime-versions": {"python": "3.13"}, "commands": ["pip install --no-build-isolation ./source"]},
            build=[
                "python -c 'import probe, sys; print(\"answer\", probe.ANSWER, sys.version_info[:2] )'",
                "python3 -m venv made && made/bin/python -c 'import sys; assert sys.prefix != sys.base_prefix'",
                'case "$(command -v python)" in "$(dirname "$CODEBUILD_SRC_DIR")"/*) echo own;; esac',
            ],
        ),
    }
    name = project(aws, "", source=source)
    build = finished(aws, start_build(aws, name))
    log = log_of(aws, build)
    assert build["buildStatus"] == "SUCCEEDED", log
    python = find_python("3.13") or newest_python()
    assert f"answer 42 {python.version[:2]}" in log
    assert "own" in log
    # The next build starts without it.
    again = run_build(aws, spec(build=["python -c 'import probe'"]))[0]
    assert again["buildStatus"] == "FAILED"


def test_a_python_that_the_host_lacks_is_replaced_with_a_log_line(aws: Running) -> None:
    build, log = run_build(aws, spec(install={"runtime-versions": {"python": "3.99"}}, build=["python --version"]))
    assert build["buildStatus"] == "SUCCEEDED"
    assert any("asks for Python 3.99, which this host does not have" in line for line in log)


def test_variables_come_from_buildspec_project_and_request_in_that_order(aws: Running) -> None:
    aws.client("ssm").put_parameter(Name="/p", Value="from ssm", Type="String", Overwrite=True)
    secret = unique("secret")
    aws.client("secretsmanager").create_secret(Name=secret, SecretString='{"key": "from secret"}')
    buildspec = json.dumps(
        {
            "version": "0.2",
            "env": {
                "variables": {"A": "buildspec", "B": "buildspec", "C": "buildspec"},
                "parameter-store": {"P": "/p"},
                "secrets-manager": {"S": f"{secret}:key"},
                "exported-variables": ["OUT"],
            },
            "phases": {"build": {"commands": ['echo "$A $B $C|$P|$S|$Q"', "export OUT=exported"]}},
        }
    )
    environment = {
        "type": "LINUX_CONTAINER",
        "image": "aws/codebuild/standard:7.0",
        "computeType": "BUILD_GENERAL1_SMALL",
        "environmentVariables": [{"name": "B", "value": "project"}, {"name": "C", "value": "project"}],
    }
    name = project(aws, buildspec, environment=environment)
    overrides = [
        {"name": "C", "value": "request", "type": "PLAINTEXT"},
        {"name": "Q", "value": "/p", "type": "PARAMETER_STORE"},
    ]
    build = finished(aws, start_build(aws, name, environmentVariablesOverride=overrides))
    assert "buildspec project request|from ssm|from secret|from ssm" in log_of(aws, build)
    assert build["exportedEnvironmentVariables"] == [{"name": "OUT", "value": "exported"}]


def test_codebuilds_own_variables_and_the_role_are_set(aws: Running) -> None:
    build, log = run_build(
        aws,
        spec(
            build=[
                'echo "$CODEBUILD_BUILD_ID|$CODEBUILD_BUILD_NUMBER|$CODEBUILD_CI|$CODEBUILD_LOG_PATH"',
                '[ "$PWD" = "$CODEBUILD_SRC_DIR" ] && echo in source',
                'case "$HOME" in "$(dirname "$CODEBUILD_SRC_DIR")"/*) echo own home;; esac',
                'python -c \'import os; print("key", os.environ["AWS_ACCESS_KEY_ID"][:4])\'',
            ]
        ),
    )
    assert f"{build['id']}|1|true|{build['logs']['streamName']}" in log
    assert "in source" in log
    assert "own home" in log
    assert "key ASIA" in log


def test_the_same_idempotency_token_gives_the_same_build(aws: Running) -> None:
    name = project(aws, spec(build=["true"]))
    token = unique("token")
    first = start_build(aws, name, idempotencyToken=token)
    assert start_build(aws, name, idempotencyToken=token) == first
    finished(aws, first)
    assert start_build(aws, name, idempotencyToken=token) == first
    assert start_build(aws, name, idempotencyToken=unique("token")) != first
    with pytest.raises(ClientError, match="other parameters"):
        start_build(aws, name, idempotencyToken=token, timeoutInMinutesOverride=5)
    assert len(aws.client("codebuild").list_builds_for_project(projectName=name)["ids"]) == 2


def test_a_build_is_refused_until_the_roles_policy_exists(aws: Running) -> None:
    arn = role(aws, "codebuild.amazonaws.com", policy=False)
    name = project(aws, spec(build=["true"]), serviceRole=arn)
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole") as refused:
        start_build(aws, name)
    assert refused.value.response["Error"]["Code"] == "InvalidInputException"
    add_policy(aws, arn)
    assert finished(aws, start_build(aws, name))["buildStatus"] == "SUCCEEDED"


def test_a_role_that_codebuild_may_not_assume_is_refused(aws: Running) -> None:
    other = project(aws, spec(build=["true"]), serviceRole=role(aws, "lambda.amazonaws.com"))
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        start_build(aws, other)
    missing = project(aws, spec(build=["true"]), serviceRole="arn:aws:iam::123456789012:role/missing")
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        start_build(aws, missing)


def test_a_role_may_trust_codebuild_for_one_account_only(aws: Running) -> None:
    name = unique("role")
    condition = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    trust = {"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**trust, "Condition": condition}]})
    arn = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    add_policy(aws, arn)

    build = finished(aws, start_build(aws, project(aws, spec(build={"commands": ["true"]}), serviceRole=arn)))

    assert build["buildStatus"] == "SUCCEEDED"


def test_stop_build_ends_the_commands(aws: Running) -> None:
    name = project(aws, spec(build=["echo started", "sleep 100", "echo never"], post_build=["echo never"]))
    build_id = start_build(aws, name)
    client = aws.client("codebuild")
    while client.batch_get_builds(ids=[build_id])["builds"][0]["currentPhase"] != "BUILD":
        time.sleep(0.05)
    assert client.stop_build(id=build_id)["build"]["buildStatus"] == "STOPPED"
    build = finished(aws, build_id)
    assert build["buildStatus"] == "STOPPED"
    assert build["currentPhase"] == "COMPLETED"
    assert "never" not in log_of(aws, build)


def test_an_artifact_and_a_secondary_source_are_transferred(aws: Running) -> None:
    bucket = unique("bucket")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="one.zip", Body=archive({"a.txt": "first"}))
    s3.put_object(Bucket=bucket, Key="two/b.txt", Body=b"second")
    buildspec = json.dumps(
        {
            "version": "0.2",
            "phases": {"build": {"commands": ["mkdir out", 'cat a.txt "$CODEBUILD_SRC_DIR_Two/b.txt" > out/c.txt']}},
            "artifacts": {"files": ["**/*"], "base-directory": "out"},
        }
    )
    name = project(
        aws,
        "",
        source={"type": "S3", "location": f"{bucket}/one.zip", "buildspec": buildspec},
        artifacts={"type": "S3", "location": bucket, "path": "made", "name": "it", "namespaceType": "BUILD_ID"},
    )
    secondary = [{"type": "S3", "location": f"{bucket}/two/", "sourceIdentifier": "Two"}]
    build = finished(aws, start_build(aws, name, secondarySourcesOverride=secondary))
    assert build["buildStatus"] == "SUCCEEDED", log_of(aws, build)
    key = f"made/{build['id'].split(':')[1]}/it/c.txt"
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"firstsecond"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ({"type": "S3", "location": "no-such-bucket/x.zip"}, "s3://no-such-bucket/x.zip: "),
        ({"type": "GITHUB", "location": "x"}, "the emulator does not support sources of type GITHUB"),
        ({"type": "NO_SOURCE", "buildspec": "version: 0.1\nphases: {}"}, "version 0.1 is not supported"),
        ({"type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: {bild: {}}"}, "unknown phase bild"),
        ({"type": "NO_SOURCE", "buildspec": "missing.yml"}, "missing.yml does not exist in the source"),
    ],
)
def test_a_source_or_buildspec_that_cannot_be_used_fails_the_build_with_a_reason(
    aws: Running, source: dict[str, str], sentence: str
) -> None:
    build = finished(aws, start_build(aws, project(aws, "", source=source)))
    assert build["buildStatus"] == "FAILED"
    assert any(sentence in line for line in log_of(aws, build))
    assert phases_of(build)["DOWNLOAD_SOURCE"] == "FAILED"
