#!/bin/sh
# SPDX-License-Identifier: MIT
# lighttpd, which is one process: /hello is a file that it keeps in memory: `http_lighttpd.sh LOG WORK PORT`.
# LOG: on or off. What is not said here is as shipped, but for limits that would end a round.
set -eu

log=$1
port=$3

lighttpd=$(command -v lighttpd) || exit 1
[ "$port" != --check ] || exit 0

# Its modules are where it was unpacked, or installed.
modules=$(dirname "$lighttpd")/../lib/lighttpd
work=$2/lighttpd-$port
mkdir -p "$work/files"
echo 'Hello, World!' >"$work/files/hello"

cat >"$work/lighttpd.conf" <<END
server.bind = "127.0.0.1"
server.port = $port
server.listen-backlog = 4096
server.document-root = "$work/files"
server.max-keep-alive-requests = 1000000000
server.max-keep-alive-idle = 600
mimetype.assign = ( "" => "text/plain" )
static-file.etags = "disable"
END
[ "$log" = off ] || cat >>"$work/lighttpd.conf" <<END
server.modules = ( "mod_accesslog" )
accesslog.filename = "$work/access.log"
accesslog.format = "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""
END

exec "$lighttpd" -D -m "$modules" -f "$work/lighttpd.conf"
