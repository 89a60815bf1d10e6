# SPDX-License-Identifier: MIT
"""What brood serves: handlers of examples/, in a plugin for the command, and in programs with libbrood."""

PLUGIN_FLAGS = "-shared -fPIC -Iinclude -Wl,-z,now -Wl,-z,noseparate-code -Wl,-z,norelro"

# One block back, then the end.
PLUGIN = f"examples/echo_once.c {PLUGIN_FLAGS}"
LINKED = "bench/linked.c examples/echo_once.c {library} -pthread -Iinclude -Wl,-z,now -Wl,-z,noseparate-code"
LINKED_STATIC = "bench/linked_static.c examples/echo_once.c {library} -pthread -static -Iinclude -Wl,-w"
SERVE = "{brood} serve {work}/echo_once.so -l tcp://127.0.0.1:{port}"
