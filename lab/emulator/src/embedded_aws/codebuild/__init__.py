"""CodeBuild: builds whose buildspec is really executed, on this machine."""
