"""Custom resource handlers of the test app."""

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
