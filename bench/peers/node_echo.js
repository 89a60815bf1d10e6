// SPDX-License-Identifier: MIT
// Node's event loop sending back what it gets: `node node_echo.js PORT`.
'use strict';

const net = require('node:net');

const LIFETIME_MS = 600 * 1000;
const port = process.argv[2];

if (port !== '--check') {
	setTimeout(() => process.exit(1), LIFETIME_MS);
	net.createServer({ noDelay: true }, (socket) => {
		socket.on('data', (data) => socket.write(data));
		socket.on('error', () => {}); // a client that leaves is none
	}).listen({ host: '127.0.0.1', port, backlog: 4096 });
}
