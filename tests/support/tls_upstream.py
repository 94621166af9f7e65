# SPDX-License-Identifier: Apache-2.0
"""A name server over TLS that is right or wrong as a test likes, and the certificates for it."""
import socket
import ssl
import struct
import subprocess
import threading

from . import wait
from .upstream import default_answer


def _openssl(*words, text=""):
    subprocess.run(["openssl", *words], input=text, text=True, check=True, capture_output=True, timeout=wait.LIMIT)


class Authority:
    """Signs certificates, with files in `folder`."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name, self.count = folder, name, 0
        self.path = folder / f"{name}.pem"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                 "-subj", f"/CN=Test authority {name}", "-keyout", str(folder / f"{name}.key"), "-out", str(self.path))

    def issue(self, names="IP:127.0.0.1,DNS:dns.test", start="20200101000000Z", end="20991231000000Z"):
        """(certificate file, key file)."""
        self.count += 1
        base = self.folder / f"{self.name}-{self.count}"
        key, request, certificate, config = (base.with_suffix(s) for s in (".key", ".csr", ".pem", ".cnf"))
        work = base.with_suffix(".ca")
        work.mkdir()
        (work / "index").touch()
        config.write_text(
            f"[ca]\ndefault_ca=a\n[a]\nnew_certs_dir={work}\ndatabase={work}/index\nrand_serial=yes\n"
            f"certificate={self.path}\nprivate_key={self.path.with_suffix('.key')}\ndefault_md=sha256\n"
            f"policy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nsubjectAltName={names}\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=server",
                 "-keyout", str(key), "-out", str(request))
        _openssl("ca", "-batch", "-notext", "-config", str(config), "-in", str(request), "-out", str(certificate),
                 "-startdate", start, "-enddate", end)
        return certificate, key


class TlsUpstream:
    """Serves each connection in a thread of its own. `behave(stream, replies)` writes the framed replies that came to
    one reading; without it they are sent at once. With `stalls` nobody reads what clients send; with `clients` they
    need a certificate of that authority."""

    def __init__(self, certified, behave=None, *, stalls=False, only_old=False, clients=None,
                 answer=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*map(str, certified))
        if only_old:
            self.context.set_ciphers("ALL:@SECLEVEL=0")
            self.context.minimum_version = ssl.TLSVersion.TLSv1
            self.context.maximum_version = ssl.TLSVersion.TLSv1_1
        if clients:
            self.context.load_verify_locations(str(clients.path))
            self.context.verify_mode = ssl.CERT_REQUIRED
        self.behave = behave or (lambda stream, replies: stream.sendall(replies))
        self.answer = answer or default_answer
        self.stalls = stalls
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections, self.resumed, self.queries = 0, 0, 0
        self._open = []
        self._lock = threading.Lock()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.append(connection)
            if not self.stalls:
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with self.context.wrap_socket(connection, server_side=True) as stream:
                with self._lock:
                    self.resumed += stream.session_reused
                    self._open.append(stream)
                self._answer_all(stream)
        except (OSError, ValueError):
            pass  # The client or the test ended it.

    def _answer_all(self, stream):
        buffer = b""
        while more := stream.recv(65536):
            buffer += more
            replies = b""
            while len(buffer) >= 2 and len(buffer) >= 2 + (size := struct.unpack_from("!H", buffer)[0]):
                reply = self.answer(buffer[2:2 + size], "tls")
                buffer = buffer[2 + size:]
                replies += struct.pack("!H", len(reply)) + reply
                with self._lock:
                    self.queries += 1
            if replies:
                self.behave(stream, replies)


def close_in_the_middle(stream, replies):
    stream.sendall(replies[:len(replies) // 2])
    stream.close()


def reset(stream, _replies):
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


def send_half(stream, replies):
    """The other half never comes."""
    stream.sendall(replies[:len(replies) // 2])


def drip(stream, replies):
    for octet in replies:
        stream.sendall(bytes([octet]))
