"""Custom resource handlers of the test app."""

import json
import urllib.request

import boto3


def on_event(event, context):
    if event["RequestType"] == "Delete":
        return {"PhysicalResourceId": event["PhysicalResourceId"]}
    properties = event["ResourceProperties"]
    overrides = [{"name": name.upper(), "value": properties[name]} for name in ("Answer", "Fail")]
    build = boto3.client("codebuild").start_build(
        projectName=properties["Project"],
        environmentVariablesOverride=overrides,
        idempotencyToken=event["RequestId"],
    )["build"]
    return {"PhysicalResourceId": "model", "Data": {"BuildId": build["id"]}}


def is_complete(event, context):
    if event["RequestType"] == "Delete":
        return {"IsComplete": True}
    build = boto3.client("codebuild").batch_get_builds(ids=[event["Data"]["BuildId"]])["builds"][0]
    if build["buildStatus"] == "IN_PROGRESS":
        return {"IsComplete": False}
    if build["buildStatus"] != "SUCCEEDED":
        raise RuntimeError("the model was not built: " + build["buildStatus"])
    bucket = event["ResourceProperties"]["Bucket"]
    key = "artifacts/" + build["id"].split(":")[1] + "/layer.zip/layer.zip"
    head = boto3.client("s3").head_object(Bucket=bucket, Key=key)
    return {"IsComplete": True, "Data": {"Key": key, "ObjectVersion": head["VersionId"]}}


def long_answer(event, context):
    answer = {
        "Status": "SUCCESS",
        "PhysicalResourceId": "long",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Text": ""},
    }
    if event["RequestType"] != "Delete":
        bytes_wanted = int(event["ResourceProperties"]["Bytes"])
        answer["Data"]["Text"] = "x" * (bytes_wanted - len(json.dumps(answer)))
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], data=body, method="PUT"))
