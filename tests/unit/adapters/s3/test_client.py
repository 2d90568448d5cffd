"""The client of S3, and the certificates that it trusts."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.s3.object_storage import S3ObjectStorage
from adapters.s3.sigv4 import Credentials
from application.ports.storage.object_storage import (
    StorageUnavailableError,
)
from tests.unit.adapters.s3._server import Server, http


async def test_a_private_certificate_authority_is_trusted_by_the_sdks_own_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = a_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Server(lambda *_: http(200))

    async def ping(port: int) -> None:
        async with S3ObjectStorage(
            endpoint_url=f"https://127.0.0.1:{port}",
            bucket="upwell",
            region="eu-central-1",
            addressing="path",
            credentials=Credentials("AKID", "secret"),
            max_attempts=1,
        ) as storage:
            await storage.ping()

    async with server.listening(context) as port:
        with pytest.raises(StorageUnavailableError):
            await ping(port)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        await ping(port)


def a_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that no public authority has signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a private authority")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "ca.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret
