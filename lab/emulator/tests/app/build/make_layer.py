"""The build: makes the archive of a layer out of what the deployment asked for."""

import os
import sys
import zipfile

if os.environ["FAIL"]:
    sys.exit("the build was asked to fail")
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    archive.writestr("ml/answer.txt", os.environ["ANSWER"])
