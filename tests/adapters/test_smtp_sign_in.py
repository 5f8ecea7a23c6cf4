"""A safe line first, then signing in; nothing in clear text."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from plr.adapters.mail import Mailer, Outcome, OutcomeKind
from tests.mailing import deliver, settings
from tests.smtp_server import Act, SmtpServer, script

K = OutcomeKind
smtp = pytest.mark.smtp


class Certificates:
    """An authority made for this test, and a server's certificate for 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        self.ca_file, self._pair = folder / "ca.pem", folder / "server.pem"
        ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test server")])
        ca = self._signed(ca_name, ca_key, ca_name, ca_key, x509.BasicConstraints(ca=True, path_length=0))
        san = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        certificate = self._signed(name, key, ca_name, ca_key, san)
        self.ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._pair.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))

    @staticmethod
    def _signed(
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        issuer: x509.Name,
        issuer_key: ec.EllipticCurvePrivateKey,
        extension: x509.ExtensionType,
    ) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
            .not_valid_after(dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
            )
            .sign(issuer_key, hashes.SHA256())
        )

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._pair)
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


@smtp
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_letter_goes_over_a_safe_line_with_a_password(certificates: Certificates, security: str) -> None:
    server = SmtpServer(
        starttls=security == "starttls",
        direct_tls=security == "tls",
        tls=certificates.server(),
        auth=("PLAIN",),
    )
    with server:
        mail = settings(
            server.port, security=security, ca_file=certificates.ca_file, username="plr", password="hunter2"
        )
        with Mailer(mail) as mailer:
            assert deliver(mailer).kind is K.SENT
            assert deliver(mailer, "n2").kind is K.SENT
    assert server.connections == 1
    safe = server.commands[server.commands.index("STARTTLS") :] if security == "starttls" else server.commands
    assert any(command.startswith("AUTH PLAIN") for command in safe)
    assert len(server.delivered) == 2


@smtp
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_signed_is_not_trusted(certificates: Certificates, security: str) -> None:
    server = SmtpServer(
        starttls=security == "starttls", direct_tls=security == "tls", tls=certificates.server()
    )
    with server, Mailer(settings(server.port, security=security)) as mailer:
        assert deliver(mailer).kind is K.SERVER_FAULT
    assert not server.delivered
    assert not any(command.startswith("MAIL") for command in server.commands)


@smtp
def test_without_starttls_nothing_goes_in_clear_text(certificates: Certificates) -> None:
    with SmtpServer(starttls=False) as server:
        mail = settings(server.port, security="starttls", username="plr", password="hunter2")
        with Mailer(mail) as mailer:
            outcome = deliver(mailer)
    assert outcome.kind is K.SERVER_FAULT
    assert outcome.words == "The mail server offers no safe line that we can trust."
    assert not any(command.startswith(("MAIL", "AUTH")) for command in server.commands)


@smtp
@pytest.mark.parametrize("injected", [b"250 injected\r\n", b"2", b"\r\n"])
def test_bytes_behind_the_220_of_starttls_drop_the_connection(
    certificates: Certificates, injected: bytes
) -> None:
    plan = script(starttls=Act(reply=b"220 go ahead\r\n" + injected))
    server = SmtpServer(script=plan, starttls=True, tls=certificates.server())
    with server:
        mail = settings(server.port, security="starttls", ca_file=certificates.ca_file)
        with Mailer(mail) as mailer:
            outcome = deliver(mailer)
    assert outcome.kind is K.SERVER_FAULT
    assert server.commands == ["EHLO plr.example.org", "STARTTLS"]


@smtp
def test_a_refused_starttls_is_the_servers_fault(certificates: Certificates) -> None:
    plan = script(starttls=Act(reply=b"454 not now\r\n", cut="after"))
    server = SmtpServer(script=plan, starttls=True, tls=certificates.server())
    with server:
        mail = settings(server.port, security="starttls", ca_file=certificates.ca_file)
        with Mailer(mail) as mailer:
            outcome = deliver(mailer)
    assert outcome.kind is K.SERVER_FAULT
    assert outcome.reply == "454 not now"


@smtp
@pytest.mark.parametrize(
    "credentials", [{"password": "hunter2"}, {"oauth2_token": lambda: "token"}], ids=["password", "token"]
)
def test_a_refused_sign_in_is_the_servers_fault(credentials: dict[str, Any]) -> None:
    server = SmtpServer(auth=("PLAIN", "XOAUTH2"), refused_auth=True)
    with server, Mailer(settings(server.port, username="plr", **credentials)) as mailer:
        outcome = deliver(mailer)
    assert outcome == Outcome(
        K.SERVER_FAULT, "The mail server refuses our user name or password.", "535 5.7.8 no"
    )
    assert not server.delivered


@smtp
def test_a_token_is_fetched_for_each_connection_and_sent_as_xoauth2() -> None:
    tokens = iter(["one", "two"])
    with SmtpServer(auth=("XOAUTH2",)) as server:
        mail = settings(server.port, username="plr", oauth2_token=lambda: next(tokens))
        with Mailer(mail) as mailer:
            assert [deliver(mailer, f"n{i}").kind for i in (1, 2)] == [K.SENT, K.SENT]
    # base64 of "user=plr\x01auth=Bearer one\x01\x01", by hand with base64(1)
    assert "AUTH XOAUTH2 dXNlcj1wbHIBYXV0aD1CZWFyZXIgb25lAQE=" in server.commands
    assert next(tokens) == "two"


@smtp
def test_a_token_that_cannot_be_had_only_delays() -> None:
    def broken() -> str:
        raise RuntimeError

    with SmtpServer(auth=("XOAUTH2",)) as server:
        mail = settings(server.port, username="plr", oauth2_token=broken)
        with Mailer(mail) as mailer:
            assert deliver(mailer).kind is K.SERVER_FAULT
    assert not server.delivered


@smtp
def test_the_probe_signs_in_and_sends_nothing() -> None:
    with SmtpServer(auth=("PLAIN",)) as server:
        with Mailer(settings(server.port, username="plr", password="p")) as mailer:
            assert mailer.probe() is None
            assert deliver(mailer).kind is K.SENT
        assert server.connections == 1
