"""Says that examples in the docstrings of the installed package are Python. Ends with 1 and those that are not."""

import ast
import inspect
import sys
import textwrap

import cdk_tensorflow

found, wrong = 0, []
for name, member in inspect.getmembers(cdk_tensorflow, inspect.isclass):
    for owner in (member, *vars(member).values()):
        documentation = inspect.getdoc(owner) or ""
        _, marker, rest = documentation.partition("Example::\n")
        if not marker:
            continue
        lines = rest.split("\n")
        # The example ends where its indentation does.
        end = next((number for number, line in enumerate(lines) if line and not line.startswith(" ")), len(lines))
        found += 1
        try:
            ast.parse(textwrap.dedent("\n".join(lines[:end])))
        except SyntaxError as error:
            wrong.append(f"{name}: {error}")
if wrong or not found:
    sys.exit("\n".join(wrong) or "no docstring has an example")
