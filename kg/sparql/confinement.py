"""Confinement of a query worker: what it cannot do, held by the kernel whatever a query says.

Linux on x86-64 and arm64: seccomp refuses sockets, ``io_uring``, new programs and new processes; Landlock
refuses every file but those below one directory, and those for reading only; resource limits bound memory.
Elsewhere less holds, and ``/health`` says which.

Source:
    Linux, Documentation/userspace-api/seccomp_filter.rst and landlock.rst.
"""

import contextlib
import ctypes
import os
import platform
import resource
import signal
import struct
import sys

_LIBC = ctypes.CDLL(None, use_errno=True)
_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER, _DEATH = 38, 22, 2, 1
_EPERM, _ENOSYS = 1, 38
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_CLONE_THREAD = 0x00010000
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIRECTORY = 1 << 2, 1 << 3
#: Rights over files by version of Landlock: how many of them its kernel knows.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}

#: What is refused, by machine: architecture in the filter, numbers of the calls, number of clone and clone3.
#: In order: socket, socketpair, connect, bind, listen, sendto, sendmsg, accept, accept4, sendmmsg, ptrace,
#: process_vm_readv, process_vm_writev, execve, execveat, io_uring_setup, io_uring_enter, io_uring_register,
#: open_by_handle_at, unshare, setns, mount, bpf, perf_event_open, userfaultfd, keyctl, pidfd_getfd, (fork,
#: vfork where they exist).
_MACHINES = {
    "x86_64": (
        0xC000003E,
        "41 53 42 49 50 44 46 43 288 307 101 310 311 59 322 425 426 427 304 272 308 165 321 298 323 250 438"
        " 57 58",
        56,
    ),
    "aarch64": (
        0xC00000B7,
        "198 199 203 200 201 206 211 202 242 269 117 270 271 221 281 425 426 427 265 97 268 40 280 241 282"
        " 219 438",
        220,
    ),
}
_CLONE3 = 435


def confine() -> dict[str, str]:
    """Give up sockets, programs and processes for good; end when the parent ends.

    To be called while the process has one thread: what it gives up, threads made later have not either.

    Returns:
        What holds: ``network`` is ``"seccomp"``, ``"namespace"`` or ``"none"``.
    """
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform != "linux":
        return {"network": "none"}
    _LIBC.prctl(_DEATH, signal.SIGKILL, 0, 0, 0)
    if _LIBC.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and _seccomp():
        return {"network": "seccomp"}
    new_user, new_network = 0x10000000, 0x40000000
    return {"network": "namespace" if _LIBC.unshare(new_user | new_network) == 0 else "none"}


def confine_files(folder: str) -> str:
    """Give up every file but those below a folder, and those for reading only.

    Returns:
        ``"landlock"``, or ``"none"`` where the kernel has it not.
    """
    version = _landlock()
    if version < 1:
        return "none"
    rights = (1 << _FILE_RIGHTS.get(version, 16)) - 1
    ruleset = _LIBC.syscall(
        _LANDLOCK_CREATE, struct.pack("<Q", rights), ctypes.c_size_t(8), ctypes.c_uint32(0)
    )
    if ruleset < 0:
        return "none"
    place = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("<Qi", _READ_FILE | _READ_DIRECTORY, place)
        added = _LIBC.syscall(_LANDLOCK_ADD, ruleset, 1, rule, ctypes.c_uint32(0))
        held = added == 0 and _LIBC.syscall(_LANDLOCK_RESTRICT, ruleset, ctypes.c_uint32(0)) == 0
    finally:
        os.close(place)
        os.close(ruleset)
    return "landlock" if held else "none"


def files_by() -> str:
    """Tell what ``confine_files`` would give."""
    return "landlock" if _landlock() > 0 else "none"


def _landlock() -> int:
    """Version of Landlock in this kernel, less than 1 where it has none."""
    if sys.platform != "linux":
        return 0
    return int(_LIBC.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


class Memory:
    """The address space of this process; to be made before it gives up its files."""

    def __init__(self) -> None:
        self._statm = os.open("/proc/self/statm", os.O_RDONLY) if sys.platform == "linux" else -1

    def bound(self, size: int) -> bool:
        """Let the address space grow by so many bytes from here on; beyond them the process ends.

        Returns:
            Whether the platform holds to it.
        """
        if self._statm < 0:
            return False
        limit = int(os.pread(self._statm, 64, 0).split()[0]) * resource.getpagesize() + size
        try:
            resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        except (ValueError, OSError):
            return False
        return True


def _seccomp() -> bool:
    """Install the filter; False where the machine or the kernel has none."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    architecture, refused, clone = machine
    load, equal, bits, give = 0x20, 0x15, 0x45, 0x06
    code = [(load, 0, 0, 4), (equal, 1, 0, architecture), (give, 0, 0, _ERRNO | _EPERM), (load, 0, 0, 0)]
    if architecture == 0xC000003E:  # the calls of the x32 interface have numbers of their own
        code += [(0x35, 0, 1, 0x40000000), (give, 0, 0, _ERRNO | _EPERM)]
    for number in map(int, refused.split()):
        code += [(equal, 0, 1, number), (give, 0, 0, _ERRNO | _EPERM)]
    code += [(equal, 0, 1, _CLONE3), (give, 0, 0, _ERRNO | _ENOSYS)]
    # a new thread is allowed, a new process is not; the first argument of clone are its flags
    code += [(equal, 0, 3, clone), (load, 0, 0, 16), (bits, 1, 0, _CLONE_THREAD)]
    code += [(give, 0, 0, _ERRNO | _EPERM), (give, 0, 0, _ALLOW)]
    program = b"".join(struct.pack("<HBBI", *each) for each in code)
    held = ctypes.create_string_buffer(program, len(program))
    pointer = ctypes.addressof(held)
    header = struct.pack("<HxxxxxxQ", len(code), pointer)
    return bool(_LIBC.prctl(_SET_SECCOMP, _FILTER, header, 0, 0) == 0)
