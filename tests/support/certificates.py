"""Certificates for tests, made with the openssl program: an authority, and what it signs."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """An authority of its own in `folder`; `ca` is its certificate."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.ca, self._key = folder / f"{name}.pem", folder / f"{name}.key"
        made = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(self._key))
        _openssl("req", "-x509", "-days", "2", "-subj", f"/CN={name}", "-out", str(self.ca), *made)

    def sign(self, name: str, *hosts: str, password: str = "") -> tuple[Path, Path]:
        """A new certificate `name`.pem with its key `name`.key, good for these hosts or addresses."""
        certificate, key, request = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        names = ",".join(f"IP:{host}" if host[0].isdigit() else f"DNS:{host}" for host in hosts)
        made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", str(key)]
        made += ["-passout", f"pass:{password}"] if password else ["-nodes"]
        _openssl(
            "req", "-new", "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}", "-out", str(request), *made
        )
        signed = ("-CA", str(self.ca), "-CAkey", str(self._key), "-CAcreateserial", "-copy_extensions", "copy")
        _openssl("x509", "-req", "-days", "2", "-in", str(request), "-out", str(certificate), *signed)
        return certificate, key

    def client(self) -> ssl.SSLContext:
        """What believes this authority alone."""
        return ssl.create_default_context(cafile=str(self.ca))

    def server(self, name: str, *hosts: str, asks: bool = False) -> ssl.SSLContext:
        """A server with a new certificate; with `asks` it demands one of this authority from its clients."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.sign(name, *hosts))
        if asks:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context
