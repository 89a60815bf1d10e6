/* SPDX-License-Identifier: MIT */
/*
 * Decides which of several sockets with one address gets a client: any of ours, by chance. Without a word of ours the kernel would
 * spread over all that there are, and any program of the same user may add one: it would take its part of our clients.
 * Invariant: whoever comes later gets nobody. Called by open_inet.c.
 */
#include "transport/open_reuseport.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

int open_reuseport_allow(int fd)
{
	return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int)) < 0 ? -errno : 0;
}

/* The kernel numbers them in the order in which they were bound. By chance and not by the packet's hash, which would give all
 * datagrams of one client to one worker. */
int open_reuseport_keep(int fd, unsigned int sockets)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM) },
		{ BPF_ALU | BPF_MOD | BPF_K, 0, 0, sockets },
		{ BPF_RET | BPF_A, 0, 0, 0 },
	};
	struct sock_fprog program;

	memset(&program, 0, sizeof program); /* what the struct does not fill goes to the kernel, too */
	program.len = sizeof code / sizeof *code;
	program.filter = code;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) < 0 ? -errno : 0;
}
