"""A builder after the kernel: what a test needs of it works, the doors that lead out are shut."""

import platform
import signal

import pytest

from policy.bus.result import Killed

X86 = platform.machine() == "x86_64"


def test_loopback_and_socket_pairs_work_for_ordinary_tests(sandbox):
    said = sandbox.python(
        """
        import multiprocessing, socket
        a, b = socket.socketpair()
        a.send(b"pair"); print(b.recv(9).decode())
        with socket.create_server(("127.0.0.1", 0)) as server:
            with socket.create_connection(server.getsockname()): print("loopback")
        with multiprocessing.Pool(2) as pool: print(sum(pool.map(abs, [-1, -2])))
        """
    )
    assert said.output.text.split() == ["pair", "loopback", "3"]


@pytest.mark.parametrize("high", [0, 1 << 32], ids=["plain", "with a high bit"])
def test_other_socket_families_are_refused(sandbox, high):
    said = sandbox.python(
        f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        number = {{"x86_64": 41, "aarch64": 198}}["{platform.machine()}"]
        def socket(family, protocol=0):
            wide = ctypes.c_long
            fd = libc.syscall(wide(number), wide(family + {high}), wide(2), wide(protocol + {high}))
            return "open" if fd >= 0 else ctypes.get_errno()
        print({{family: socket(family) for family in (16, 17, 38, 40, 44)}}, socket(16, 9))
        """
    )
    # packet, alg, vsock, xdp; netlink is open for routing, not for audit
    assert said.output.text.strip() == "{16: 'open', 17: 1, 38: 1, 40: 1, 44: 1} 1"


def test_no_namespace_is_made_and_nothing_mounted(sandbox):
    said = sandbox.python(
        f"""
        import ctypes, errno, os
        libc = ctypes.CDLL(None, use_errno=True)
        def call(*numbers):
            wide = [ctypes.c_long(n) for n in numbers]
            answer = libc.syscall(*wide)
            if answer == 0 and numbers[0] in (56, 220): os._exit(9)
            return "done" if answer >= 0 else errno.errorcode[ctypes.get_errno()]
        x86 = {X86}
        clone, unshare, setns, mount = (56, 272, 308, 165) if x86 else (220, 97, 268, 40)
        print([call(clone, flag | 17, 0, 0, 0, 0) for flag in (0x20000, 0x10000000, 0x40000000)])
        print([call(unshare, flag) for flag in (0x80, 0x20000, 0x10000000, 0x20000000)])
        print(call(435, 0, 0), call(setns, 0, 0), call(mount, 0, 0, 0, 0, 0), call(425, 1, 0))
        """
    )
    assert said.output.text.splitlines() == [
        str(["EPERM"] * 3),
        str(["EPERM"] * 4),
        "ENOSYS EPERM EPERM ENOSYS",
    ]


def test_nothing_is_typed_into_a_terminal(sandbox):
    said = sandbox.python(
        """
        import fcntl
        for request in (0x5412, 0x541C, 0x5412 | 1 << 32):
            try: fcntl.ioctl(0, request & 0xFFFFFFFF, b"x"); print("typed")
            except OSError as error: print(error.errno)
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ioctl(0, ctypes.c_ulong(0x5412 | 1 << 32), b"x"); print(ctypes.get_errno())
        """
    )
    assert said.output.text.split() == ["1"] * 4


@pytest.mark.skipif(not X86, reason="int 0x80 is an x86 matter: there is no such way in here")
def test_a_32_bit_system_call_kills_its_caller(sandbox):
    ended = sandbox.python(
        """
        import ctypes, mmap
        code = mmap.mmap(-1, 4096, prot=7)
        code.write(b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3")  # getpid by int 0x80
        call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
        print("answered", call(), flush=True)
        """
    )
    assert ended.ending == Killed(signal=signal.SIGSYS)
    assert "answered" not in ended.output.text
