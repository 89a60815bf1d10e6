#!/bin/sh
# SPDX-License-Identifier: MIT
# Apache, prefork, with a file of 64 bytes and an access log: `apache_prefork.sh CONNECTIONS_PER_CHILD WORK PORT`.
# Configuration, file and logs are in WORK. What is not said here is as shipped.
set -eu

connections_per_child=$1 # 0: no limit
work=$2/apache-$1
port=$3
modules=/usr/lib/apache2/modules
apache=$(command -v apache2 || echo /usr/sbin/apache2)

[ -x "$apache" ] && [ -f "$modules/mod_mpm_prefork.so" ] || exit 1
[ "$port" != --check ] || exit 0

mkdir -p "$work/files"
printf '%63s\n' 'a small file' >"$work/files/small"
# Started by root, its children are www-data, and must reach the file.
[ "$(id -u)" != 0 ] || chmod 0711 "$2"

cat >"$work/apache.conf" <<END
ServerRoot "$work"
ServerName localhost
Listen 127.0.0.1:$port
ListenBacklog 4096
PidFile "$work/pid-$port"
ErrorLog "$work/error.log"
CustomLog "$work/access.log" "%h %l %u %t \"%r\" %>s %b"
LoadModule mpm_prefork_module "$modules/mod_mpm_prefork.so"
LoadModule authz_core_module "$modules/mod_authz_core.so"
User www-data
Group www-data
DocumentRoot "$work/files"
StartServers 8
MinSpareServers 8
MaxSpareServers 16
MaxRequestWorkers 100
MaxConnectionsPerChild $connections_per_child
END

exec "$apache" -d "$work" -f "$work/apache.conf" -DFOREGROUND
