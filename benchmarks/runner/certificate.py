"""The certificate that servers are measured with over TLS: of its own, for localhost, with a key on the curve P-256."""

import subprocess

from paths import BUILD

CERTIFICATE = BUILD / "certificate.pem"
KEY = BUILD / "key.pem"


def make():
    """Leaves those that are there."""
    if CERTIFICATE.is_file() and KEY.is_file():
        return
    BUILD.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(KEY), "-out", str(CERTIFICATE)], check=True, capture_output=True)
