"""ClickHouse for tests: servers of Debian's package, and current ones out of a library of npm."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

NODE = Path(os.environ.get("FLEXKG_NODE", Path(sys.prefix) / "node"))
CLUSTER = "two"
_CONFIG = """<yandex>
<logger><level>warning</level><log>{folder}/server.log</log><errorlog>{folder}/error.log</errorlog></logger>
<http_port>{http}</http_port><tcp_port>{tcp}</tcp_port><interserver_http_port>{between}</interserver_http_port>
<interserver_http_host>127.0.0.1</interserver_http_host><listen_host>127.0.0.1</listen_host>
<max_connections>64</max_connections><max_concurrent_queries>32</max_concurrent_queries>
<mark_cache_size>67108864</mark_cache_size><path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path>
<users_config>users.xml</users_config><default_profile>default</default_profile>
<default_database>default</default_database>
<merge_tree><old_parts_lifetime>1</old_parts_lifetime></merge_tree>
<query_log><database>system</database><table>query_log</table>
<flush_interval_milliseconds>200</flush_interval_milliseconds></query_log>
<remote_servers>{shards}</remote_servers>{more}
</yandex>"""
_CURRENT = """<clickhouse><query_log><database>system</database><table>query_log</table>
<flush_interval_milliseconds>200</flush_interval_milliseconds></query_log>
<remote_servers>{shards}</remote_servers>
<mark_cache_size>67108864</mark_cache_size>
<merge_tree><old_parts_lifetime>1</old_parts_lifetime></merge_tree></clickhouse>"""
_REPLICA = "<replica><host>127.0.0.1</host><port>{}</port></replica>"
_REPLICATED = """<macros><shard>{shard}</shard><replica>{replica}</replica></macros>
<zookeeper><node><host>127.0.0.1</host><port>{keeper}</port></node></zookeeper>"""
_USERS = """<yandex><profiles><default/></profiles><users><default><password></password>
<networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
<quotas><default/></quotas></yandex>"""


def free_ports(number):
    """Ports that nobody listens on."""
    with contextlib.ExitStack() as open_:
        sockets = [open_.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class Server:
    """A process that answers over HTTP on loopback."""

    def __init__(self, command, port, folder):
        self.command, self.port, self.folder = command, port, folder
        self.process = None
        self.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        with (self.folder / "out").open("ab") as out:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"{self.address}/?query=SELECT%201", timeout=5).read()
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError((self.folder / "out").read_text("utf-8", "replace")[-2000:])

    def ask(self, sql):
        """Run a statement as it is; the text of the answer."""
        with urllib.request.urlopen(self.address, data=sql.encode(), timeout=60) as answer:
            return answer.read().decode()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)


class Keeper:
    """ZooKeeper of Debian's package, which replicated tables need."""

    def __init__(self, folder):
        folder.mkdir(parents=True)
        [self.port] = free_ports(1)
        (folder / "zoo.cfg").write_text(
            f"dataDir={folder}/data\nclientPort={self.port}\nclientPortAddress=127.0.0.1\ntickTime=500\n"
            "admin.enableServer=false\n"
        )
        command = ["java", "-Xmx128m", "-cp", "/usr/share/java/zookeeper.jar"]
        command += ["org.apache.zookeeper.server.quorum.QuorumPeerMain", str(folder / "zoo.cfg")]
        with (folder / "out").open("ab") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as line:
                line.sendall(b"srvr")  # it takes connections before it serves them
                if b"Mode" in line.makefile("rb").read():
                    return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError((folder / "out").read_text("utf-8", "replace")[-2000:])

    def stop(self):
        self.process.kill()
        self.process.wait(20)


def shards(folder, number=2, replicas=1, keeper=None):
    """Servers of Debian's package, each a replica of one shard of a cluster; shard by shard."""
    program = shutil.which("clickhouse-server", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        return None

    def command(mine, config, *_):
        return [program, f"--config-file={config}"]

    return _servers(folder, number, replicas, keeper, _CONFIG, command)


def current(folder, number=1):
    """Shards of today's ClickHouse; the cluster ``two`` is of the first two, ``three`` of all."""
    library = next((NODE / "node_modules/@chdb").glob("lib-linux-*/libchdb.so"), None)
    if library is None:
        return None
    program = Path(__file__).with_name("clickhouse_server.py")

    def command(mine, config, tcp, http):
        words = [sys.executable, program, library, config, mine / "data", tcp, http]
        return [str(word) for word in words]

    return _servers(folder, number, 1, None, _CURRENT, command)


def _servers(folder, number, replicas, keeper, config, command):
    nodes = number * replicas
    ports = free_ports(3 * nodes)
    each = [_REPLICA.format(ports[3 * n + 1]) for n in range(nodes)]
    parts = [
        f"<shard><internal_replication>true</internal_replication>{''.join(each[n : n + replicas])}</shard>"
        for n in range(0, nodes, replicas)
    ]
    parts = f"<two>{''.join(parts[:2])}</two><three>{''.join(parts)}</three>"
    made = []
    try:
        for n in range(nodes):
            mine = folder / f"node-{n}"
            mine.mkdir(parents=True)
            more = (
                _REPLICATED.format(shard=n // replicas, replica=n % replicas, keeper=keeper) if keeper else ""
            )
            http, tcp, between = ports[3 * n : 3 * n + 3]
            text = config.format(folder=mine, http=http, tcp=tcp, between=between, shards=parts, more=more)
            (mine / "config.xml").write_text(text)
            (mine / "users.xml").write_text(_USERS)
            made.append(Server(command(mine, mine / "config.xml", tcp, http), http, mine))
    except BaseException:
        for one in made:
            one.stop()
        raise
    return made
