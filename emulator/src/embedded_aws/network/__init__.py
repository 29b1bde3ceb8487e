"""Networks: records that templates and the CDK's command line read. No packet follows a route or obeys a rule."""
