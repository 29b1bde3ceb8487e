"""The command: `python -m embedded_aws`."""

import sys

from embedded_aws.command import main

sys.exit(main())
