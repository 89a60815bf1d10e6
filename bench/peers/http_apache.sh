#!/bin/sh
# SPDX-License-Identifier: MIT
# Apache, prefork: /hello is a small file: `http_apache.sh LOG WORK PORT`. LOG: on or off.
# What is not said here is as shipped.
set -eu

log=$1
port=$3
modules=/usr/lib/apache2/modules
apache=$(command -v apache2 || echo /usr/sbin/apache2)

[ -x "$apache" ] && [ -f "$modules/mod_mpm_prefork.so" ] || exit 1
[ "$port" != --check ] || exit 0

work=$2/apache-$port
mkdir -p "$work/files"
# Started by root, its children are www-data, and must reach the file.
[ "$(id -u)" != 0 ] || chmod 0711 "$2"
echo 'Hello, World!' >"$work/files/hello"

cat >"$work/apache.conf" <<END
ServerRoot "$work"
ServerName localhost
Listen 127.0.0.1:$port
ListenBacklog 4096
PidFile "$work/pid"
ErrorLog "$work/error.log"
LoadModule mpm_prefork_module "$modules/mod_mpm_prefork.so"
LoadModule authz_core_module "$modules/mod_authz_core.so"
User www-data
Group www-data
DocumentRoot "$work/files"
<Files hello>
	ForceType text/plain
</Files>
FileETag None
StartServers 8
MinSpareServers 8
MaxSpareServers 16
MaxRequestWorkers 100
LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined
END
[ "$log" = off ] || echo "CustomLog $work/access.log combined" >>"$work/apache.conf"

exec "$apache" -d "$work" -f "$work/apache.conf" -DFOREGROUND
