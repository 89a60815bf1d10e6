#!/bin/sh
# SPDX-License-Identifier: MIT
# h2o with one thread: / is a small file: `http_h2o.sh LOG WORK PORT`. LOG: on or off. An answer from its mruby would
# cost more than the file does. What is not said here is as shipped, but for limits that would end a round.
set -eu

log=$1
port=$3

h2o=$(command -v h2o) || exit 1
[ "$port" != --check ] || exit 0

work=$2/h2o-$port
mkdir -p "$work"
# Started by root, it becomes nobody, who must reach the file.
[ "$(id -u)" != 0 ] || chmod 0711 "$2"
echo 'Hello, World!' >"$work/hello"
access_log=
[ "$log" = off ] || access_log="access-log: $work/access.log"

cat >"$work/h2o.conf" <<END
num-threads: 1
max-connections: 18000
http1-request-timeout: 600
file.etag: OFF
file.mime.setdefaulttype: text/plain
listen: { host: 127.0.0.1, port: $port }
$access_log
hosts:
  default:
    paths:
      /:
        file.file: $work/hello
END

exec "$h2o" -c "$work/h2o.conf"
