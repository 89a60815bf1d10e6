# SPDX-License-Identifier: MIT
"""
What systemd does before it executes a service: handed_over.py NAMES PID COMMAND… NAMES: one for each listening socket
on loopback, separated by ':'; one that ends in '=' has the address of the one before. PID: whom they are for, or '-' for
the command itself.
"""
import fcntl
import os
import socket
import sys

LISTEN_FIRST = 3
OUT_OF_THE_WAY = 100


def main():
    names, pid, *command = sys.argv[1:]
    # All of them elsewhere first: one may have got the number that is to be another's.
    aside = []
    address = None
    for name in names.split(":"):
        address = address if name.endswith("=") else ("127.0.0.1", 0)
        with socket.create_server(address, reuse_port="=" in names) as listener:
            address = listener.getsockname()
            aside.append(fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD_CLOEXEC, OUT_OF_THE_WAY))
    for index, fd in enumerate(aside):
        os.dup2(fd, LISTEN_FIRST + index)
    os.environ.update(LISTEN_FDS=str(len(aside)), LISTEN_FDNAMES=names.replace("=", ""),
                      LISTEN_PID=str(os.getpid()) if pid == "-" else pid)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
