"""Lambda: functions that really run, with their layers at /opt and their code at /var/task."""
