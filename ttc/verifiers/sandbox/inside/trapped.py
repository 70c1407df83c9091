"""Replaces `stat` for a confined program by opening the file, to which Landlock's rules apply.

Landlock restricts who opens a file, not who reads its size, and seccomp cannot read a path. So the
filter traps `stat`, `lstat`, `newfstatat`, `access`, `faccessat` and `faccessat2`, and a signal
handler runs openat, fstat and close instead, as Chromium's sandbox does; it opens for writing if
`access` asks for that, and takes a folder as writable. A program that removes the handler only
loses these calls.
"""

from __future__ import annotations

import ctypes
import struct

_SIGSYS, _SA_SIGINFO, _SA_NODEFER, _SA_RESTART = 31, 4, 0x40000000, 0x10000000
_READ_WRITE, _READ_EXECUTE, _PRIVATE_ANONYMOUS = 3, 5, 0x22
_PAGE = 4096

# void handler(int, siginfo_t *, ucontext_t *), for each processor. It may use all registers, since
# the kernel restores them. The context (r12) has the program's arguments at 104 (rdi), 112 (rsi),
# 136 (rdx) and 56 (r10), and at 144 (rax) the number of the call, then its result.
_HANDLERS = {
    "x86_64": bytes.fromhex(
        "4989d4"  # mov r12,rdx
        "498b742468"  # mov rsi,[r12+0x68]
        "4d8b6c2470"  # mov r13,[r12+0x70]
        "bf9cffffff"  # mov edi,0xffffff9c
        "41bf00090800"  # mov r15d,0x80900
        "418b842490000000"  # mov eax,[r12+0x90]
        "83f815"  # cmp eax,0x15
        "745a"  # je access
        "3d0d010000"  # cmp eax,0x10d
        "7441"  # je at
        "3db7010000"  # cmp eax,0x1b7
        "743a"  # je at
        "3d06010000"  # cmp eax,0x106
        "7557"  # jne path
        "498b7c2468"  # mov rdi,[r12+0x68]
        "498b742470"  # mov rsi,[r12+0x70]
        "4d8bac2488000000"  # mov r13,[r12+0x88]
        "41f744243800100000"  # test [r12+0x38],0x1000
        "743a"  # je path
        "4885f6"  # test rsi,rsi
        "7405"  # je empty
        "803e00"  # cmp [rsi],0x0
        "7530"  # jne path
        "4c89ee"  # empty: mov rsi,r13
        "b805000000"  # mov eax,0x5
        "0f05"  # syscall
        "eb5d"  # jmp out
        "498b7c2468"  # at: mov rdi,[r12+0x68]
        "498b742470"  # mov rsi,[r12+0x70]
        "4d8bac2488000000"  # mov r13,[r12+0x88]
        "41d1ed"  # access: shr r13d,1
        "4183e501"  # and r13d,0x1
        "4509ef"  # or r15d,r13d
        "4c8dac2400feffff"  # lea r13,[rsp-0x200]
        "4489fa"  # path: mov edx,r15d
        "4531d2"  # xor r10d,r10d
        "b801010000"  # mov eax,0x101
        "0f05"  # syscall
        "4883f8eb"  # cmp rax,-EISDIR
        "7504"  # jne opened
        "31c0"  # xor eax,eax
        "eb22"  # jmp out
        "4885c0"  # opened: test rax,rax
        "781d"  # js out
        "89c3"  # mov ebx,eax
        "89c7"  # mov edi,eax
        "4c89ee"  # mov rsi,r13
        "b805000000"  # mov eax,0x5
        "0f05"  # syscall
        "4989c6"  # mov r14,rax
        "89df"  # mov edi,ebx
        "b803000000"  # mov eax,0x3
        "0f05"  # syscall
        "4c89f0"  # mov rax,r14
        "4989842490000000"  # out: mov [r12+0x90],rax
        "c3"  # ret
    ),
}


def install(libc: ctypes.CDLL, machine: str) -> bool:
    """Install the handler in this process and its forks; return False if that is not possible."""
    handler = _HANDLERS.get(machine)
    if handler is None:
        return False
    libc.mmap.restype = ctypes.c_void_p
    page = libc.mmap(
        None, ctypes.c_size_t(_PAGE), _READ_WRITE, _PRIVATE_ANONYMOUS, -1, ctypes.c_long(0)
    )
    if page is None or page == ctypes.c_void_p(-1).value:
        return False
    ctypes.memmove(page, handler, len(handler))
    where = ctypes.c_void_p(page)
    if libc.mprotect(where, ctypes.c_size_t(_PAGE), _READ_EXECUTE) != 0:
        return False  # some systems do not allow code that is generated at run time
    flags = _SA_SIGINFO | _SA_NODEFER | _SA_RESTART
    # struct sigaction of glibc and musl: handler, mask, flags, and a field the library fills in.
    action = struct.pack("@P128xiP", page, flags, 0)
    return bool(libc.sigaction(_SIGSYS, action, None) == 0)
