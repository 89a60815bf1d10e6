#!/bin/sh
# SPDX-License-Identifier: MIT
# nginx with one worker: / is a text from memory, all else a file of FILES: `http_nginx.sh LOG FILES WORK PORT`.
# LOG: on or off. What is not said here is as shipped, but for limits that would end a round.
set -eu

log=$1
files=$2
port=$4

nginx=$(command -v nginx) || exit 1
[ "$port" != --check ] || exit 0

work=$3/nginx-$port
mkdir -p "$work"
# Started by root, its worker is somebody else, and must reach the files.
[ "$(id -u)" != 0 ] || chmod 0711 "$3"
access_log=off
[ "$log" = off ] || access_log="$work/access.log combined"

cat >"$work/nginx.conf" <<END
daemon off;
pid $work/pid;
error_log stderr;
worker_processes 1;
worker_rlimit_nofile 20000;
events { worker_connections 18000; }
http {
	access_log $access_log;
	sendfile on;
	tcp_nopush on;
	keepalive_timeout 600;
	keepalive_requests 1000000000;
	default_type text/plain;
	client_body_temp_path $work/body;
	proxy_temp_path $work/proxy;
	fastcgi_temp_path $work/fastcgi;
	uwsgi_temp_path $work/uwsgi;
	scgi_temp_path $work/scgi;
	server {
		listen 127.0.0.1:$port backlog=4096;
		root $files;
		location = / { return 200 "Hello, World!\n"; }
	}
}
END

exec "$nginx" -p "$work" -e stderr -c "$work/nginx.conf"
