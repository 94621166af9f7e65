# SPDX-License-Identifier: Apache-2.0
"""Load that accounts for every single query, for what may not be lost or answered wrongly."""
import collections
import itertools
import selectors
import socket
import struct
import threading
import time

from . import message, wait

LIMIT = 30.0  # After the end of the load, for answers that are still missing.


class Report:
    """What became of the queries; versions are those of the test plugin `subject`."""

    def __init__(self):
        self.sent = self.answered = self.duplicates = self.strays = 0
        self.rcodes = collections.Counter()
        self.lost = []         # (seconds since the start, name)
        self.backwards = []    # (version, version of a query sent later on the same socket)
        self.closed = 0        # Connections that the server ended.
        self.versions = set()
        self.latencies = []    # (seconds since the start, seconds)

    def percentile(self, share, after=0.0, before=float("inf")):
        """Of the latency of queries that were sent in that time."""
        values = sorted(latency for at, latency in self.latencies if after <= at < before)
        return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0

    def faults(self):
        """What is wrong, in words; empty if nothing is."""
        found = []
        if self.lost:
            found.append(f"{len(self.lost)} of {self.sent} lost, first after {self.lost[0][0]:.3f} s")
        if self.duplicates:
            found.append(f"{self.duplicates} answered twice")
        if self.closed:
            found.append(f"{self.closed} connections closed")
        if self.strays:
            found.append(f"{self.strays} answers to nothing")
        wrong = {rcode: n for rcode, n in self.rcodes.items() if rcode != 0}
        if wrong:
            found.append(f"rcodes {wrong}")
        if self.backwards:
            found.append(f"{len(self.backwards)} times an older version, first {self.backwards[0]}")
        return "; ".join(found)


class Load:
    """Queries over several UDP sockets and TCP connections, in a thread of its own, until stop(). With SO_REUSEPORT
    each reaches one worker only, so along one of them versions may only go up, in the order of sending."""

    def __init__(self, port, *, host="127.0.0.1", sockets=4, connections=2, window=16, rate=5000.0, name="load.test",
                 qtype="TXT", reads_version=True):
        self.report = Report()
        self._lanes = [_Datagrams(host, port) for _ in range(sockets)]
        self._lanes += [_Stream(host, port) for _ in range(connections)]
        self._tail = message.encode_name(name) + struct.pack("!HH", message.TYPES[qtype], message.IN)
        self._window, self._rate = window, rate
        self._reads_version = reads_version
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._error = None
        self._begin = time.monotonic()
        self._last_answer = 0.0  # On the time scale of the report.

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self._thread.is_alive():
            self.stop()

    def start(self):
        self._thread.start()

    def stop(self):
        """Waits for what is still in flight and gives the report."""
        self._stop.set()
        self._thread.join(LIMIT + 30)
        for lane in self._lanes:
            lane.socket.close()
        if self._error:
            raise self._error
        return self.report

    def wait_answers(self, count):
        """Waits for `count` further answers: the load runs, and the server answers it."""
        goal, end = self.report.answered + count, time.monotonic() + wait.LIMIT
        while self.report.answered < goal:
            if not self._thread.is_alive() or time.monotonic() > end:
                raise AssertionError(f"the load stands still: {self.report.faults()}")
            self._stop.wait(0.002)

    def is_stalled(self, seconds=10.0):
        """Whether nothing was answered for so long."""
        return self._thread.is_alive() and self.elapsed() - self._last_answer > seconds

    def elapsed(self):
        """Seconds since the start: the time scale of the report."""
        return time.monotonic() - self._begin

    def _run(self):
        try:
            self._loop()
        except Exception as error:  # Given to whoever calls stop().
            self._error = error

    def _loop(self):
        self._begin = time.monotonic()
        selector = selectors.DefaultSelector()
        for lane in self._lanes:
            selector.register(lane.socket, selectors.EVENT_READ, lane)
        due = self._begin
        lanes = itertools.cycle(self._lanes)
        while not self._stop.is_set():
            now = time.monotonic()
            for _ in range(self._window):
                if due > now:
                    break
                lane = next(lanes)
                if len(lane.flying) < self._window and lane.is_open:
                    self._send(lane, now)
                due = max(due + 1 / self._rate, now - 0.05)
            self._receive(selector, 0.001)
        end = time.monotonic() + LIMIT
        while any(lane.flying for lane in self._lanes) and time.monotonic() < end:
            self._receive(selector, 0.05)
        for lane in self._lanes:
            self._close(lane)
        selector.close()

    def _send(self, lane, now):
        serial = lane.next_serial()
        label = b"%08x" % serial
        octets = struct.pack("!HHHHHH", serial & 0xFFFF, message.RD, 1, 0, 0, 0) + b"\x08" + label + self._tail
        lane.flying[serial & 0xFFFF] = (serial, now, label)
        lane.send(octets)
        self.report.sent += 1

    def _receive(self, selector, timeout):
        for key, _ in selector.select(timeout):
            lane = key.data
            for octets in lane.receive():
                self._take(lane, octets)
            if not lane.is_open:
                selector.unregister(lane.socket)
                self.report.closed += 1

    def _take(self, lane, octets):
        number = struct.unpack_from("!H", octets)[0]
        flight = lane.flying.pop(number, None)
        if flight is None:
            if number in lane.done:
                self.report.duplicates += 1
            else:
                self.report.strays += 1
            return
        serial, at, label = flight
        lane.done.append(number)
        if octets[13:21] != label:
            self.report.strays += 1
            return
        self.report.answered += 1
        self.report.rcodes[octets[3] & 0xF] += 1
        now = time.monotonic()
        self._last_answer = now - self._begin
        self.report.latencies.append((at - self._begin, now - at))
        if self._reads_version and octets[3] & 0xF == 0:
            version = int(octets[-8:])
            self.report.versions.add(version)
            lane.versions.append((serial, version))

    def _close(self, lane):
        self.report.lost += [(at - self._begin, label.decode()) for _, at, label in lane.flying.values()]
        highest = 0
        for _, version in sorted(lane.versions):
            if version < highest:
                self.report.backwards.append((version, highest))
            highest = max(highest, version)


class _Lane:
    """What is in flight over one socket."""

    def __init__(self, sock):
        self.socket = sock
        self.socket.setblocking(False)
        self.is_open = True
        self.flying = {}                            # By message id.
        self.done = collections.deque(maxlen=4096)  # Ids answered lately.
        self.versions = []                          # (serial, version)
        self._serial = 0

    def next_serial(self):
        """The next whose id is not in flight."""
        while True:
            self._serial += 1
            if self._serial & 0xFFFF not in self.flying:
                return self._serial


class _Datagrams(_Lane):
    def __init__(self, host, port):
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect((host, port))
        super().__init__(sock)

    def send(self, octets):
        self.socket.send(octets)

    def receive(self):
        try:
            while True:
                yield self.socket.recv(4096)
        except BlockingIOError:
            pass


class _Stream(_Lane):
    def __init__(self, host, port):
        super().__init__(socket.create_connection((host, port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def send(self, octets):
        # A window of queries always fits the socket's buffer.
        try:
            self.socket.sendall(struct.pack("!H", len(octets)) + octets)
        except (BrokenPipeError, ConnectionResetError):
            pass  # receive() sees it, too.

    def receive(self):
        try:
            while more := self.socket.recv(65536):
                self._buffer += more
            self.is_open = False
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self.is_open = False
        while len(self._buffer) >= 2:
            end = 2 + struct.unpack_from("!H", self._buffer)[0]
            if len(self._buffer) < end:
                break
            octets, self._buffer = self._buffer[2:end], self._buffer[end:]
            yield octets
