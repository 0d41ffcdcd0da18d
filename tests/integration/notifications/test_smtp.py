"""Mail by SMTP against real servers on loopback: TLS both ways, a login, and servers that misbehave."""

import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.notifications import storage
from services.notifications.gateways.mail import SmtpMail
from tests.integration.notifications.office import an_office
from tests.integration.notifications.test_gateways import mail
from tests.servers import free_port

# With TLS from the first byte aiosmtpd does not see that there is any, and warns of a login without it.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
HERE = "127.0.0.1"
USER, PASSWORD = "parcours", "a secret"


class Authority:
    """A private certificate authority, and a server's certificate that hangs on it."""

    def __init__(self, folder):
        folder.mkdir()
        self.ca, self.chain = folder / "ca.pem", folder / "server.pem"
        authority, server = (ec.generate_private_key(ec.SECP256R1()) for _key in range(2))
        root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HERE)])
        self.ca.write_bytes(
            _certificate(root, root, authority.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False)
            .add_extension(_usage(signs=True), critical=True)
            .sign(authority, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )
        certificate = (
            _certificate(own, root, server.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HERE))]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
            .sign(authority, hashes.SHA256())
        )
        key = server.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.chain.write_bytes(key + certificate.public_bytes(serialization.Encoding.PEM))

    @property
    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        return context


def _certificate(subject, issuer, key):
    today = datetime.now(UTC)
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=1))
    )  # fmt: skip


def _usage(*, signs):
    others = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
        False,
    )  # fmt: skip
    return x509.KeyUsage(digital_signature=signs, key_cert_sign=signs, crl_sign=signs, **others)


class Box:
    """What came, in which envelope, and whether after a login."""

    def __init__(self):
        self.came = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.came.append((envelope.mail_from, envelope.rcpt_tos, session.authenticated))
        return "250 OK"


def knows(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


@contextmanager
def a_server(**options):
    box = Box()
    controller = Controller(box, hostname=HERE, port=free_port(), **options)
    controller.start()
    try:
        yield box, f"{HERE}:{controller.port}"
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(params=["starttls", "implicit"])
def secured(request, authority):
    """A server with TLS that wants a login, and the scheme of its URL."""
    login = {"authenticator": knows, "auth_required": True}
    if request.param == "starttls":
        options, scheme = {"tls_context": authority.context, "require_starttls": True, **login}, "smtp"
    else:
        options, scheme = {"ssl_context": authority.context, "auth_require_tls": False, **login}, "smtps"
    with a_server(**options) as (box, where):
        yield box, f"{scheme}://{{}}@{where}"


def test_a_mail_leaves_under_tls_and_login(secured, authority):
    box, url = secured

    (outcome,) = SmtpMail(url.format("parcours:a%20secret"), ca=authority.ca).send([mail()])

    assert (outcome.state, outcome.error) == ("accepted", "")
    assert box.came == [("f@parcours.example", ["rose@example.org"], True)]


def test_a_wrong_password_is_nobodys_address(secured, authority):
    box, url = secured

    found = list(SmtpMail(url.format("parcours:wrong"), ca=authority.ca).send([mail("1"), mail("2")]))

    assert [(one.state, one.error) for one in found] == [("temporary", "SMTPAuthenticationError 535")] * 2
    assert box.came == []


def test_a_certificate_of_somebody_else_gets_neither_password_nor_mail(secured, tmp_path):
    box, url = secured
    stranger = Authority(tmp_path / "stranger")

    (outcome,) = SmtpMail(url.format("parcours:a%20secret"), ca=stranger.ca).send([mail()])

    assert outcome.state == "temporary"
    assert outcome.error.startswith("SSLCertVerificationError")
    assert "certificate" in outcome.error.partition(" ")[2]
    assert box.came == []


def test_a_password_never_leaves_without_tls():
    with a_server(authenticator=knows, auth_require_tls=False) as (box, where):
        (outcome,) = SmtpMail(f"smtp://parcours:a%20secret@{where}").send([mail()])

    assert (outcome.state, outcome.error) == ("temporary", "NoTlsError")
    assert box.came == []


def test_a_wrong_password_makes_every_notice_wait_and_blames_no_address(authority, tmp_path):
    with a_server(tls_context=authority.context, authenticator=knows, auth_required=True) as (box, where):
        smtp = {"PARCOURS_MAIL": "smtp", "PARCOURS_SMTP_CA": str(authority.ca)}
        with an_office(tmp_path / "var", PARCOURS_SMTP_URL=f"smtp://parcours:wrong@{where}", **smtp) as office:
            office.place(phone="")
            office.run()

            assert [one["state"] for one in office.notices()] == ["due"]
            assert [one["error"] for one in office.rows(storage.attempt, storage.attempt.c.n)] == [
                "SMTPAuthenticationError 535"
            ]
            assert [one.state for one in office.told("ContactabilityState")] == ["reachable"]
        assert box.came == []


ANSWERS = {"EHLO": "250 here", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", ".": "250 kept"}


class Script(threading.Thread):
    """A server that answers line by line as told, then waits or hangs up."""

    def __init__(self, *, silent_at="", hangs_up_at=""):
        super().__init__(daemon=True)
        self.silent_at, self.hangs_up_at = silent_at, hangs_up_at
        self.over = threading.Event()
        self.socket = socket.create_server((HERE, 0))
        self.url = f"smtp://{HERE}:{self.socket.getsockname()[1]}"

    def run(self):
        connection, _address = self.socket.accept()
        with self.socket, connection, connection.makefile("rw", newline="\r\n") as stream:
            if self.silent_at == "greeting":
                self.over.wait(30)
                return
            self._say(stream, "220 here")
            for line in iter(stream.readline, ""):
                word = line.strip().upper().split(" ")[0]
                if word == self.hangs_up_at:
                    return
                if word == self.silent_at:
                    self.over.wait(30)
                    return
                if word in ANSWERS:
                    self._say(stream, ANSWERS[word])

    def _say(self, stream, words):
        stream.write(f"{words}\n")
        stream.flush()


@contextmanager
def a_script(**how):
    server = Script(**how)
    server.start()
    try:
        yield server
    finally:
        server.over.set()
        server.join()


@pytest.mark.parametrize(
    ("how", "state"),
    [
        ({"silent_at": "greeting"}, "temporary"),  # nothing of the mail has left
        ({"silent_at": "."}, "unknown"),  # it may have been kept
        ({"hangs_up_at": "."}, "unknown"),
        ({"hangs_up_at": "EHLO"}, "temporary"),
    ],
)
def test_a_server_that_is_slow_or_hangs_up_is_waited_for_no_longer_than_it_may_take(how, state):
    with a_script(**how) as server:
        started = time.monotonic()
        (outcome,) = SmtpMail(server.url, timeout=0.5).send([mail()])

        assert outcome.state == state
        assert time.monotonic() - started < 5
