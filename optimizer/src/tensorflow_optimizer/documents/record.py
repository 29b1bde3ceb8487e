"""keys/<build key>/<version>.json: the version that these inputs made, as the custom resource returns it.

`record.schema.json`, which is generated from it, gives the custom resource and the constructs their list of values.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

from ..errors import OptimizerError

#: CloudFormation takes 4,096 bytes from a custom resource, and the rest of its answer is ids and addresses.
_LIMIT = 3000


class Record(BaseModel):
    """Strings only, because CloudFormation makes strings of everything; absent values are empty."""

    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True, extra="forbid", frozen=True)

    status: str
    """The mark of success: `SUCCEEDED`, CodeBuild's word. A record without it counts for nothing that is built anew."""
    version: str
    key_prefix: str
    manifest_key: str
    manifest_sha256: str
    checksums_sha256: str = ""
    layer_key: str = ""
    layer_object_version: str = ""
    runtime: str = ""
    archive_key: str = ""
    archive_sha256: str = ""
    golden_key: str = ""
    server_key: str = ""
    server_sha256: str = ""
    report_key: str
    build_url: str
    summary: str
    isolation: str = ""
    """Layers of isolation that were on and off when the model was opened; empty if nobody has written it down."""

    def to_bytes(self) -> bytes:
        """Return the JSON text that is stored."""
        size = len(self.model_dump_json(by_alias=True).encode())
        if size > _LIMIT:
            raise OptimizerError(
                f"what CloudFormation has to be told of this version has {size} bytes, and it takes {_LIMIT}: "
                "use a shorter model prefix or build id"
            )
        return (self.model_dump_json(by_alias=True, indent=2) + "\n").encode()
