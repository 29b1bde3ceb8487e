"""An embedded AWS on the loopback interface: enough for the genuine CDK command line to deploy against.

The services themselves are MiniStack's. This package launches it and replaces what a green deployment would
otherwise not prove: builds that really run, functions that really see their layers, and resources that are
refused where nothing would be created.
"""
