"""Plays the Python scripts on Linux against programs built for Windows and run under Wine, both ways.

    python3 tests/windows/play.py FOLDER

FOLDER holds the programs, and the examples in `examples`. Each play prints a line that begins with
`ok`; the first one that goes wrong ends the program with status 1.
"""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import termios
import threading
import time

WINE = "/usr/lib/wine/wine64"
TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(sys.argv[1])
LIMIT = 60  # seconds for anything: Wine starts slowly on a busy machine


def exe(name, *words):
    """A tool or an example under Wine."""
    path = PROGRAMS / f"{name}.exe"
    if not path.exists():
        path = PROGRAMS / "examples" / f"{name}.exe"
    return [WINE, str(path), *map(str, words)]


def python(name, *words):
    (path,) = TOP.glob(f"crates/*/examples/{name}.py")
    return [sys.executable, "-B", str(path), *map(str, words)]


class Failed(Exception):
    pass


@contextlib.contextmanager
def started(command):
    """Runs a server; gives its process and the port that its first line names."""
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
    timer = threading.Timer(LIMIT, server.kill)
    timer.start()
    try:
        line = server.stdout.readline().decode()
        found = re.match(r"listening on \S*?:(\d+)\s*$", line)
        if not found:
            server.kill()
            raise Failed(f"{command} has said {line!r} and {server.stderr.read()!r}")
        yield server, int(found[1])
    finally:
        timer.cancel()
        server.kill()
        server.wait()


@contextlib.contextmanager
def serving(command):
    """Runs a server and drops what it says; gives its port."""
    with started(command) as (server, port):
        for stream in [server.stdout, server.stderr]:
            threading.Thread(target=stream.read, daemon=True).start()
        yield port


def run(command, typed=b"", status=0):
    """Runs a client with this input; gives what it prints, without prompts and CR."""
    done = subprocess.run(command, input=typed, capture_output=True, timeout=LIMIT)
    if done.returncode != status:
        raise Failed(f"{command} ended with {done.returncode}: {done.stdout!r}, {done.stderr!r}")
    both = done.stdout if status == 0 else done.stderr
    return both.decode(errors="replace").replace(">>: ", "").replace("\r", "")


def expect(what, said, *parts):
    for part in parts:
        if part not in said:
            raise Failed(f"{what}: {part!r} is not in {said!r}")
    print("ok", what, flush=True)


def ask(port, message):
    with socket.create_connection(("127.0.0.1", port), LIMIT) as client:
        client.sendall(message)
        return client.recv(1024)


TYPED = "hello\n你好\n".encode()
IN_PYTHON = ["b'HELLO'", r"b'\xe4\xbd\xa0\xe5\xa5\xbd'"]


def tcp():
    servers = [exe("tcp-server", "127.0.0.1:0"), exe("tcp_server", 0), exe("threading_tcp_server", 0)]
    for command in servers:
        with serving(command) as port:
            name = pathlib.Path(command[1]).name
            expect(f"tcp_client.py with {name}", run(python("tcp_client", port), TYPED), *IN_PYTHON)
    for name in ["tcp_server", "threading_tcp_server"]:
        with serving(python(name, 0)) as port:
            said = run(exe("tcp-client", "--bytes", f"127.0.0.1:{port}"), TYPED)
            expect(f"tcp-client.exe with {name}.py", said, *IN_PYTHON)
            said = run(exe("tcp_client", port), TYPED)
            expect(f"tcp_client.exe with {name}.py", said, *IN_PYTHON)
    with serving(exe("thread_server", 0)) as port:
        expect("tcp_client.py with thread_server.exe", run(python("tcp_client", port), TYPED), *IN_PYTHON)
    for server, client in [(exe, python), (python, exe)]:
        with started(server("sticky_server", 0, 2, 20)) as (process, port):
            run(client("sticky_client", port, "hello"))
            said = process.communicate(timeout=LIMIT)[0].decode()
            names = f"sticky_client ({client.__name__}) with sticky_server ({server.__name__})"
            expect(names, said, "-> b'he'", "-> b'llo'")
    with serving(python("tcp_server", 0)) as port:
        said = run(exe("tcp-client", "--stream", f"127.0.0.1:{port}"), b"as it is")
        expect("tcp-client.exe --stream", said, "AS IT IS")
        said = run(exe("tcp-client", "--bytes", f"127.0.0.1:{port}"), b"lines\r\nof Windows\r\n")
        expect("lines that end as on Windows", said, "b'LINES'\nb'OF WINDOWS'\n")


def udp():
    for command in [exe("udp-server", "127.0.0.1:0"), exe("udp_server", 0), exe("threading_udp_server", 0)]:
        with serving(command) as port:
            name = pathlib.Path(command[1]).name
            expect(f"udp_client.py with {name}", run(python("udp_client", port), TYPED), *IN_PYTHON)
    with serving(python("udp_server", 0)) as port:
        said = run(exe("udp-client", "--bytes", f"127.0.0.1:{port}"), TYPED)
        expect("udp-client.exe with udp_server.py", said, *IN_PYTHON)
        expect("udp_client.exe with udp_server.py", run(exe("udp_client", port), TYPED), *IN_PYTHON)
        said = run(exe("udp-client", "--recv-size", 3, "--send", "hello", f"127.0.0.1:{port}"), status=1)
        expect("an answer that is too long", said, "lost 2 of 5 bytes")
    with serving(exe("udp-server", "--recv-size", 10, "127.0.0.1:0")) as port:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(LIMIT)
            client.connect(("127.0.0.1", port))
            for sent, reply in [(b"more than ten bytes", b"MORE THAN "), (b"ten", b"TEN")]:
                client.send(sent)
                expect(f"a datagram of {len(sent)} bytes with room for 10", repr(client.recv(100)), repr(reply))


def commands():
    for protocol, stem in [("raw", "exec_naive"), ("length", "length"), ("header", "header")]:
        # What the naive client prints are bytes, as Python shows them.
        end = r"\n" if stem == "exec_naive" else "\n"
        with serving(python(f"{stem}_server", 0)) as port:
            said = run(exe("exec-client", "-n", "--protocol", protocol, f"127.0.0.1:{port}", "echo hello"))
            expect(f"exec-client.exe --protocol {protocol} with {stem}_server.py", said, "hello\n")
            said = run(exe(f"{stem}_client", port), b"echo hello\n")
            expect(f"{stem}_client.exe with {stem}_server.py", said, f"hello{end}")
        with serving(exe(f"{stem}_server", 0)) as port:
            said = run(python(f"{stem}_client", port), b'echo "two words"\ndir /b crates\n')
            expect(f"{stem}_client.py with {stem}_server.exe", said, "two words", "proto", "tcp-server")
            said = run(exe("exec-client", "-n", "--protocol", protocol, f"127.0.0.1:{port}", "echo hello"))
            expect(f"exec-client.exe --protocol {protocol} with {stem}_server.exe", said, "hello\n")


def errors_and_limits():
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    said = run(exe("tcp-server", f"127.0.0.1:{port}"), status=1)
    expect("a port that is taken", said, "already in use", f"netstat -ano | findstr :{port}")
    free.close()
    expect("a closed port", run(exe("tcp-client", f"127.0.0.1:{port}"), status=1), "is the server running?")
    said = run(exe("udp-client", "--send", "a", f"127.0.0.1:{port}"), status=1)
    expect("a closed port of UDP", said, "connection refused", "is the server running?")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        said = run(exe("tcp-client", "--timeout", "500ms", "--send", "a", where), status=1)
        expect("a server that does not answer", said, "500ms")
        said = run(exe("exec-client", "--protocol", "header", "--timeout", "500ms", where, "dir"), status=255)
        expect("a server that does not answer a command", said, "500ms")
    expect("unix:PATH", run(exe("tcp-client", "unix:/tmp/x"), status=2), "no Unix-domain sockets")
    expect("exec-server", run(exe("exec-server"), status=1), "WSL")
    said = run(exe("exec-client", "-n", f"127.0.0.1:{port}", "dir"), status=255)
    expect("a session", said, "WSL")
    with serving(exe("tcp-server", "--max-connections", 1, "127.0.0.1:0")) as port:
        with socket.create_connection(("127.0.0.1", port), LIMIT) as first:
            first.sendall(b"first")
            assert first.recv(10) == b"FIRST"
            with socket.create_connection(("127.0.0.1", port), LIMIT) as second:
                expect("one connection too many", second.recv(100).decode(), "error: busy")
    with serving(exe("tcp-server", "--idle-timeout", "500ms", "127.0.0.1:0")) as port:
        with socket.create_connection(("127.0.0.1", port), LIMIT) as client:
            expect("an idle timeout", repr(client.recv(10)), "b''")


def crowd():
    with serving(exe("tcp-server", "--quiet", "127.0.0.1:0")) as port:
        clients = [socket.create_connection(("127.0.0.1", port), LIMIT) for _ in range(1000)]
        for number, client in enumerate(clients):
            client.sendall(b"client %d" % number)
        for number, client in enumerate(clients):
            got = client.recv(100)
            if got != b"CLIENT %d" % number:
                raise Failed(f"client {number} got {got!r}")
            client.close()
        expect("1000 connections at once", ask(port, b"and one more").decode(), "AND ONE MORE")


def console():
    """A reply that is not UTF-8, on a console, which takes nothing else."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with socket.create_server(("127.0.0.1", 0)) as server, open(ours, "rb", buffering=0) as screen:
        server.settimeout(LIMIT)
        command = exe("tcp-client", f"127.0.0.1:{server.getsockname()[1]}")
        # A new session: else its console would be ours.
        with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs,
                              start_new_session=True) as client:
            os.close(theirs)
            timer = threading.Timer(LIMIT, client.kill)
            timer.start()
            try:
                shown = b""
                while b">>:" not in shown:
                    shown += screen.read(1000)
                # Wine reads keys only after the prompt was written.
                until = time.monotonic() + LIMIT
                while termios.tcgetattr(ours)[3] & termios.ICANON and time.monotonic() < until:
                    time.sleep(0.01)
                os.write(ours, "你好\r".encode())
                connection, _ = server.accept()
                connection.settimeout(LIMIT)
                expect("Chinese typed at a console", connection.recv(100).decode(), "你好")
                connection.sendall("中文..".encode("gbk"))
                while "�..".encode() not in shown:
                    shown += screen.read(1000)
                print("ok a reply in GBK", flush=True)
            finally:
                timer.cancel()
                client.kill()


def listening_in():
    with serving(python("tcp_server", 0)) as server:
        with serving(exe("wiretap", "--chop", 1, "127.0.0.1:0", f"127.0.0.1:{server}")) as port:
            said = ask(port, b"hello")
            expect("wiretap.exe chops", repr(said), "b'H'")


def main():
    os.chdir(TOP)
    for play in [tcp, udp, commands, errors_and_limits, console, crowd, listening_in]:
        play()


if __name__ == "__main__":
    try:
        main()
    except (Failed, subprocess.TimeoutExpired, OSError) as why:
        sys.exit(f"FAILED: {why}")
