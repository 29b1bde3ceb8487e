"""Published versions: their manifests, records and signatures."""
