# SPDX-License-Identifier: MIT
# Net::Server's Fork personality doing the bench's work: `net_server_fork.pl PORT`.
package EchoOnce;

use strict;
use warnings;
use base 'Net::Server::Fork';

my $LIFETIME_S = 600;

sub process_request {
	my ($self) = @_;
	my $client = $self->{server}{client};

	sysread $client, my $block, 4096;
	syswrite $client, $block;
}

if ($ARGV[0] ne '--check') {
	alarm $LIFETIME_S;
	EchoOnce->run(host => '127.0.0.1', port => shift @ARGV, ipv => 4, listen => 4096, log_level => 0);
}
