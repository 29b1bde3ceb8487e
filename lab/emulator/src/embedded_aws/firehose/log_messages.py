"""Records of CloudWatch Logs.

See https://docs.aws.amazon.com/firehose/latest/dev/Message_extraction.html.
"""

from __future__ import annotations

import json


def messages(data: bytes) -> bytes:
    """Returns the messages of a record of CloudWatch Logs, each on a line; none of a control message."""
    record = json.loads(data)
    if record.get("messageType") != "DATA_MESSAGE":
        return b""
    return "".join(event["message"].rstrip("\n") + "\n" for event in record["logEvents"]).encode()
