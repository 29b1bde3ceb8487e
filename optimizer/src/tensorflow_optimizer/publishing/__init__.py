"""Uploads builds, and publishes models as new versions.

>>> from tensorflow_optimizer.publishing.summary import summarize_isolation
>>> summarize_isolation({"user": "on", "files": "on", "network": "off: it needs CAP_SYS_ADMIN"})
'user, files on; network off (it needs CAP_SYS_ADMIN)'
"""
