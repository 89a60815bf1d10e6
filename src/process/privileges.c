/* SPDX-License-Identifier: MIT */
/*
 * Decides in which order rights are given up, and believes no call that says it succeeded. Names are looked up while the
 * database can be seen, groups go while there is the right to, the user goes last. Invariant: a return of 0 was
 * verified. Called by each service process before any code of the user's runs.
 */
#include "process/privileges.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "platform/capability.h"
#include "process/account.h"

int privileges_check(const struct privileges *wanted, struct sentence *why)
{
	if (wanted->group && !wanted->user)
		return sentence_set(why, -EINVAL, "a group without a user could be taken back: say which user, too");
	if (wanted->chroot && !*wanted->chroot)
		return sentence_set(why, -EINVAL, "the root directory is an empty word: name a directory");
	return 0;
}

static bool is_already(const struct account *account)
{
	uid_t real_uid, effective_uid, saved_uid;
	gid_t real_gid, effective_gid, saved_gid;

	return getresuid(&real_uid, &effective_uid, &saved_uid) == 0 &&
	       getresgid(&real_gid, &effective_gid, &saved_gid) == 0 && real_uid == account->uid &&
	       effective_uid == account->uid && saved_uid == account->uid && real_gid == account->gid &&
	       effective_gid == account->gid && saved_gid == account->gid;
}

static int enter_root(const char *path, struct sentence *why)
{
	/* The time zone's file stays outside, and so it is read now. */
	tzset();
	if (chroot(path) == 0 && chdir("/") == 0)
		return 0;
	if (errno == EPERM && geteuid() != 0)
		return sentence_set(
			why, -EPERM, "cannot make %s the root directory: only root can; start brood as root", path);
	return sentence_set(why, -errno, "cannot make %s the root directory: %s", path, strerror(errno));
}

static int refuse(const char *user, const char *step, int error, struct sentence *why)
{
	if (error == -EPERM && geteuid() != 0)
		return sentence_set(why, error,
			"cannot become the user %.80s: only root can; start brood as root, or leave the user out",
			user);
	return sentence_set(why, error, "cannot become the user %.80s: %s: %s", user, step, strerror(-error));
}

static int become(const struct account *account, const char *user, struct sentence *why)
{
	if (setgroups(account->group_count, account->groups) < 0)
		return refuse(user, "setgroups", -errno, why);
	if (setresgid(account->gid, account->gid, account->gid) < 0)
		return refuse(user, "setresgid", -errno, why);
	if (setresuid(account->uid, account->uid, account->uid) < 0)
		return refuse(user, "setresuid", -errno, why);
	return 0;
}

static bool has_group(const gid_t *groups, size_t count, gid_t group)
{
	for (size_t i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* The kernel keeps them in an order of its own. */
static bool has_groups_of(const struct account *account)
{
	gid_t groups[ACCOUNT_GROUPS_MAX];
	int count = getgroups(ACCOUNT_GROUPS_MAX, groups);

	if (count < 0 || (size_t)count != account->group_count)
		return false;
	for (size_t i = 0; i < account->group_count; i++)
		if (!has_group(groups, (size_t)count, account->groups[i]))
			return false;
	return true;
}

static bool can_be_root_again(void)
{
	return setresuid((uid_t)-1, 0, (uid_t)-1) == 0 || setresgid((gid_t)-1, 0, (gid_t)-1) == 0;
}

/* account: whom we changed to, or NULL. */
static int verify(const struct privileges *wanted, const struct account *account, struct sentence *why)
{
	if (account && !is_already(account))
		return sentence_set(
			why, -EPERM, "cannot become the user %.80s: the ids did not change", wanted->user);
	if (account && !has_groups_of(account))
		return sentence_set(
			why, -EPERM, "cannot become the user %.80s: the groups did not change", wanted->user);
	if (account && can_be_root_again())
		return sentence_set(
			why, -EPERM, "cannot become the user %.80s: it could become root again", wanted->user);
	if (geteuid() != 0 && capability_any() != 0)
		return sentence_set(why, -EPERM, "the capabilities did not go away");
	if (wanted->no_new_privs && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return sentence_set(why, -EPERM, "no-new-privileges is not in effect");
	return 0;
}

/* account: whom to change to, or NULL. */
static int give_up(const struct privileges *wanted, const struct account *account, struct sentence *why)
{
	bool stays_root = account ? account->uid == 0 : geteuid() == 0;
	int r;

	/* A second bolt: without new privileges nothing comes out of this set anyway, and with them a program that
	 * gains some needs it. Who may not clear it (no CAP_SETPCAP) has no more than the first bolt. */
	if (wanted->no_new_privs && !stays_root) {
		r = capability_clear_bounding();
		if (r < 0 && r != -EPERM)
			return sentence_set(why, r, "cannot bound the capabilities: %s", strerror(-r));
	}
	r = account ? become(account, wanted->user, why) : 0;
	if (r < 0)
		return r;
	r = stays_root ? 0 : capability_clear();
	if (r < 0)
		return sentence_set(why, r, "cannot give up the capabilities: %s", strerror(-r));
	if (wanted->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return sentence_set(why, -errno, "cannot set no-new-privileges: %s", strerror(errno));
	return 0;
}

int privileges_drop(const struct privileges *wanted, struct sentence *why)
{
	struct account found;
	const struct account *account = NULL;
	int r = privileges_check(wanted, why);

	if (r == 0 && wanted->user) {
		r = account_find(wanted->user, wanted->group, &found, why);
		if (r < 0)
			return r;
		account = is_already(&found) ? NULL : &found;
	}
	if (account && account->uid == 0 && geteuid() == 0)
		return sentence_set(
			why, -EINVAL, "user root can take every group: leave the group out, or choose another user");
	if (r == 0 && wanted->chroot)
		r = enter_root(wanted->chroot, why);
	if (r == 0)
		r = give_up(wanted, account, why);
	if (r == 0)
		r = verify(wanted, account, why);
	if (r == 0 && wanted->traceable && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		r = sentence_set(why, -errno, "cannot become traceable: %s", strerror(errno));
	return r;
}
