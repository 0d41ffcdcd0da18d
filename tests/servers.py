"""
Real PostgreSQL and RabbitMQ for the tests, found in this order:

1. `PARCOURS_TEST_DATABASE_URL` and `PARCOURS_TEST_AMQP_URL`;
2. pytest-docker on the repo's compose file, where an engine answers and the images are there (or come within 60 s);
3. private servers from local binaries, on free ports;
4. on Debian as root, the packages are installed, then 3;
5. else one line that says what to do. Nothing is skipped.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ("postgres:17", "rabbitmq:4-management")
PULL_SECONDS = 60
WHAT_TO_DO = (
    "the tests need PostgreSQL and RabbitMQ: set PARCOURS_TEST_DATABASE_URL and PARCOURS_TEST_AMQP_URL, or start Docker, "
    "or install both servers (Debian: apt-get install postgresql rabbitmq-server)"
)


@dataclass
class Servers:
    """Where the servers are, how they were had, and how to stop what was started here."""

    database_url: str
    amqp_url: str
    said: str
    stops: list = field(default_factory=list)

    def stop(self):
        for stop in reversed(self.stops):
            stop()


def docker_ready():
    """Say whether an engine answers, compose works and the images are present or can be pulled in time."""
    if shutil.which("docker") is None or os.environ.get("PARCOURS_TEST_NO_DOCKER"):
        return False
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        if subprocess.run(command, capture_output=True, timeout=20, check=False).returncode:
            return False
    for image in IMAGES:
        if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0:
            continue
        try:
            pulled = subprocess.run(
                ["docker", "pull", "-q", image], capture_output=True, timeout=PULL_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return False
        if pulled.returncode:
            return False
    return True


def private_servers():
    """Start both servers from local binaries, installing them first on Debian as root."""
    if _postgres_binaries() is None or _rabbitmq_binary() is None:
        install("postgresql", "rabbitmq-server", what_to_do=WHAT_TO_DO)
    bin_folder, rabbitmq = _postgres_binaries(), _rabbitmq_binary()
    if bin_folder is None or rabbitmq is None:
        raise RuntimeError(WHAT_TO_DO)
    stops = []
    try:
        database_url = _start_postgres(bin_folder, stops)
        amqp_url = _start_rabbitmq(rabbitmq, stops)
    except BaseException:
        for stop in reversed(stops):
            stop()
        raise
    return Servers(database_url, amqp_url, "private PostgreSQL and RabbitMQ from local binaries", stops)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, seconds, alive=lambda: True):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if not alive():
            raise RuntimeError("the server ended while starting")
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port} after {seconds} s")


def install(*packages, what_to_do):
    """Install Debian packages, as root on Debian; else raise RuntimeError with what to do."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise RuntimeError(what_to_do)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-yqq", "--no-install-recommends"]
    subprocess.run(["apt-get", "update", "-qq"], env=environment, capture_output=True, check=False)
    done = subprocess.run([*command, *packages], env=environment, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{what_to_do}; apt-get said: {done.stderr.decode()[-300:]}")


def _postgres_binaries():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


def _rabbitmq_binary():
    for path in ("/usr/lib/rabbitmq/bin/rabbitmq-server", shutil.which("rabbitmq-server")):
        if path and Path(path).exists():
            return path
    return None


def _start_postgres(bin_folder, stops):
    folder = Path(tempfile.mkdtemp(prefix="parcours-pg-"))
    stops.append(lambda: shutil.rmtree(folder, ignore_errors=True))
    as_user = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        folder.chmod(0o755)
        shutil.chown(folder, "nobody")
        as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    port = free_port()

    def call(*command):
        done = subprocess.run([*as_user, *command], cwd="/", capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout[-500:]} {done.stderr[-500:]}")

    data = folder / "data"
    call(bin_folder / "initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off -c max_connections=200"
    # its own log, not our pipe: the server outlives this call and would hold the pipe open
    call(bin_folder / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start")
    stops.append(lambda: call(bin_folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"))
    return f"postgresql+psycopg://test@127.0.0.1:{port}/postgres"


def _start_rabbitmq(binary, stops):
    folder = Path(tempfile.mkdtemp(prefix="parcours-mq-"))
    stops.append(lambda: shutil.rmtree(folder, ignore_errors=True))
    port, dist, epmd, web = free_port(), free_port(), free_port(), free_port()
    (folder / "plugins").write_text("[rabbitmq_management].")
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {web}\n"
    )
    environment = {
        **os.environ,
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_NODENAME": f"parcours{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(dist),
        "RABBITMQ_MNESIA_BASE": str(folder / "db"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
    }
    output = (folder / "out").open("w")
    node = subprocess.Popen(
        [binary], env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
    )

    def stop():
        pid = (folder / "pid").read_text().strip() if (folder / "pid").exists() else str(node.pid)
        subprocess.run(["kill", pid], check=False, capture_output=True)
        try:
            node.wait(timeout=20)
        except subprocess.TimeoutExpired:
            node.kill()
        output.close()
        subprocess.run(["epmd", "-kill"], env=environment, check=False, capture_output=True)

    stops.append(stop)
    wait_for_port(port, 60, lambda: node.poll() is None)
    wait_for_port(web, 60, lambda: node.poll() is None)
    return f"amqp://guest:guest@127.0.0.1:{port}//"
