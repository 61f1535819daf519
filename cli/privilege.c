/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a user can read an index is found out by opening it as that user.
 */
#include "cli/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "gsearch/gsearch.h"

#define USER_USUAL "nobody"
#define ROOT 0

/* Effective ids alone, so that the way back is open. The groups are the last step back, for only
 * root may choose them. */
static bool act_as(const struct passwd *user)
{
    return initgroups(user->pw_name, user->pw_gid) == 0 && setegid(user->pw_gid) == 0 &&
           seteuid(user->pw_uid) == 0;
}

static bool act_as_root(void)
{
    return seteuid(ROOT) == 0 && setegid(getgid()) == 0 && setgroups(0, NULL) == 0;
}

static bool can_read(const struct passwd *user, const char *dir)
{
    gsearch_index_options options = {.struct_size = sizeof(options), .map = true};
    gsearch_index *index;
    if (!act_as(user))
        return false;
    bool is_open = gsearch_index_open(dir, &options, &index, NULL) == GSEARCH_OK;
    if (is_open)
        gsearch_index_close(index);
    return is_open;
}

static bool become(const struct passwd *user)
{
    return initgroups(user->pw_name, user->pw_gid) == 0 &&
           setresgid(user->pw_gid, user->pw_gid, user->pw_gid) == 0 &&
           setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == 0 && setuid(ROOT) != 0;
}

gsearch_status gs_privilege_drop(const char *user, const char *dir, bool *is_root,
                                 gsearch_error *err)
{
    *is_root = false;
    if (geteuid() != ROOT) {
        return user ? gs_fail(err, GSEARCH_DENIED, "--user: only root can become another user")
                    : GSEARCH_OK;
    }
    const struct passwd *found = getpwnam(user ? user : USER_USUAL);
    if (user && !found)
        return gs_fail(err, GSEARCH_NOT_FOUND, "--user: there is no user '%s'", user);
    if (found && found->pw_uid == ROOT)
        return GSEARCH_OK;
    bool is_wanted = user || (found && can_read(found, dir));
    if (!user && !act_as_root())
        return gs_fail_errno(err, errno, "cannot go back to root from " USER_USUAL);
    if (!is_wanted)
        *is_root = true;
    else if (!become(found))
        return gs_fail(err, GSEARCH_DENIED, "cannot become %s", found->pw_name);
    return GSEARCH_OK;
}
