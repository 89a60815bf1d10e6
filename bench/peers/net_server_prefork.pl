# SPDX-License-Identifier: MIT
# Net::Server's PreFork personality doing the bench's work: `net_server_prefork.pl REQUESTS_PER_WORKER PORT`.
package EchoOnce;

use strict;
use warnings;
use base 'Net::Server::PreFork';

my $LIFETIME_S = 600;

sub process_request {
	my ($self) = @_;
	my $client = $self->{server}{client};

	sysread $client, my $block, 4096;
	syswrite $client, $block;
}

my ($max_requests, $port) = @ARGV;

if ($port ne '--check') {
	alarm $LIFETIME_S;
	EchoOnce->run(
		host         => '127.0.0.1',
		port         => $port,
		ipv          => 4,
		listen       => 4096,
		log_level    => 0,
		min_servers  => 8,
		max_requests => $max_requests,
	);
}
