"""The commands, which `npx cdk-tensorflow` starts.

>>> from typer.testing import CliRunner
>>> from tensorflow_optimizer.command_line.app import app
>>> CliRunner().invoke(app, ["verify", "/nowhere"]).exit_code
2
"""
