"""`python -m stand_in_server --rest_api_port=8501 --model_config_file=models.config`."""

import sys

from stand_in_server.server import main

sys.exit(main(sys.argv))
