"""Downloads the inputs of a job from S3, and checks what arrived."""
