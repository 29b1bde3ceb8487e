"""Asymmetric keys of KMS sign and verify as on AWS, for roles that may."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from support import unique
from test_authorization import Caller, allow

if TYPE_CHECKING:
    from running import Running

DIGEST = hashlib.sha256(b"a manifest").digest()
#: Digest that JSON can hold, without bytes that are no text.
TEXT = "d" * 32


@pytest.fixture(scope="module")
def key(aws: Running) -> str:
    """The ARN of a key that CloudFormation has made."""
    name, stacks = unique("keys"), aws.client("cloudformation")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
    properties = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "KeyPolicy": policy}
    template = {
        "Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": properties}},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}},
    }
    stacks.create_stack(StackName=name, TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    arn: str = stacks.describe_stacks(StackName=name)["Stacks"][0]["Outputs"][0]["OutputValue"]
    return arn


def request(key: str, message: Any) -> dict[str, Any]:
    return {"KeyId": key, "Message": message, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}


def test_a_signature_of_a_digest_is_verified_with_the_public_key_alone(aws: Running, key: str) -> None:
    kms = aws.client("kms")

    signature = kms.sign(**request(key, DIGEST))["Signature"]

    public = kms.get_public_key(KeyId=key)
    assert (public["KeySpec"], public["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    opened: Any = serialization.load_der_public_key(public["PublicKey"])
    opened.verify(signature, DIGEST, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    assert kms.verify(**request(key, DIGEST), Signature=signature)["SignatureValid"]


def test_a_signature_of_something_else_is_invalid(aws: Running, key: str) -> None:
    kms = aws.client("kms")
    signature = kms.sign(**request(key, DIGEST))["Signature"]

    with pytest.raises(ClientError, match="KMSInvalidSignatureException"):
        kms.verify(**request(key, hashlib.sha256(b"another manifest").digest()), Signature=signature)


def test_only_a_role_that_may_sign_does(aws: Running, key: str) -> None:
    signer, verifier = Caller(aws, allow("kms:Sign", key)), Caller(aws, allow("kms:Verify", key))

    assert signer.call("kms", "sign", **request(key, TEXT)) == "done"
    assert "not authorized to perform: kms:Sign" in verifier.call("kms", "sign", **request(key, TEXT))
    assert "kms:GetPublicKey" in signer.call("kms", "get_public_key", KeyId=key)
