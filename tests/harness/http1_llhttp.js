// SPDX-License-Identifier: MIT
// The same as http1_dump.c by llhttp, the parser within node: streams behind their sizes in, a line of JSON for each
// out.
'use strict';
const { HTTPParser } = require('_http_common');
const { methods } = process.binding('http_parser');

const pairs = (flat) => {
	const fields = [];
	for (let i = 0; i < flat.length; i += 2)
		fields.push([flat[i], flat[i + 1]]);
	return fields;
};

// One parser, up to where it hands over to another protocol (CONNECT, Upgrade), or fails.
const parse = (bytes, requests) => {
	const parser = new HTTPParser();
	let request = null;
	let early = []; // fields that came in parts, before all were there
	let target = '';

	parser.initialize(HTTPParser.REQUEST, {}, 1 << 20, HTTPParser.kLenientNone);
	parser[HTTPParser.kOnHeaders] = (headers, url) => {
		if (request)
			return; // trailers
		early = early.concat(headers);
		target += url;
	};
	parser[HTTPParser.kOnHeadersComplete] = (major, minor, headers, number, url, code, reason, upgrade, keep) => {
		const method = methods[number];
		const fields = pairs(headers || early);
		request = { method, target: url || target, minor, keep, fields, body: '', whole: false };
		requests.push(request);
		return 0;
	};
	parser[HTTPParser.kOnBody] = (body) => {
		request.body += body.toString('latin1');
	};
	parser[HTTPParser.kOnMessageComplete] = () => {
		request.whole = true;
		request = null;
		early = [];
		target = '';
	};
	return parser.execute(bytes);
};

const chunks = [];
process.stdin.on('data', (chunk) => chunks.push(chunk));
process.stdin.on('end', () => {
	const input = Buffer.concat(chunks);
	const lines = [];
	for (let at = 0; at < input.length;) {
		const end = at + 4 + input.readUInt32BE(at);
		const requests = [];
		let fault = '';
		for (at += 4; at < end && !fault;) {
			const got = parse(input.subarray(at, end), requests);
			if (typeof got !== 'number') {
				fault = got.code || String(got);
				break;
			}
			if (got === 0)
				break;
			at += got;
		}
		at = end;
		lines.push(JSON.stringify({ requests, fault }));
	}
	process.stdout.write(lines.join('\n') + '\n');
});
