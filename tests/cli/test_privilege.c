/* SPDX-License-Identifier: Apache-2.0
 *
 * What root gives up, on a system in which every step may fail: the calls for it are answered here,
 * so that nobody needs to be root and nobody ceases to be.
 */
#include "cli/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gsearch/gsearch.h"
#include "tests/support/check.h"

// nothing but the linker calls these
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define SOMEBODY 1000u

/* The process, as the kernel would know it. */
static struct {
    uid_t real, effective, saved;
    gid_t real_group, effective_group;
    bool has_groups_of_user; // else those of root
    unsigned calls, fails_at;
    bool can_read; // SOMEBODY can read the index
    const char *known; // the only user that there is
} self;

static bool fails(void)
{
    errno = EAGAIN;
    return ++self.calls == self.fails_at;
}

uid_t __wrap_geteuid(void)
{
    return self.effective;
}

gid_t __wrap_getgid(void)
{
    return self.real_group;
}

struct passwd *__wrap_getpwnam(const char *name)
{
    static char found[32];
    static struct passwd user;
    snprintf(found, sizeof(found), "%s", name);
    user = (struct passwd){.pw_name = found, .pw_uid = SOMEBODY, .pw_gid = SOMEBODY};
    if (strcmp(name, "root") == 0)
        user.pw_uid = user.pw_gid = 0;
    return self.known && strcmp(name, self.known) == 0 ? &user : NULL;
}

int __wrap_initgroups(const char *name, gid_t group)
{
    assert_string_equal(name, self.known);
    assert_int_equal(group, SOMEBODY);
    if (fails())
        return -1;
    self.has_groups_of_user = true;
    return 0;
}

int __wrap_setgroups(size_t count, const gid_t *groups)
{
    (void)groups;
    assert_int_equal(count, 0);
    if (fails())
        return -1;
    self.has_groups_of_user = false;
    return 0;
}

int __wrap_setegid(gid_t group)
{
    if (fails())
        return -1;
    self.effective_group = group;
    return 0;
}

int __wrap_seteuid(uid_t user)
{
    if (fails())
        return -1;
    self.effective = user;
    return 0;
}

int __wrap_setresgid(gid_t real, gid_t effective, gid_t saved)
{
    assert_int_equal(saved, real);
    if (fails())
        return -1;
    self.real_group = real;
    self.effective_group = effective;
    return 0;
}

int __wrap_setresuid(uid_t real, uid_t effective, uid_t saved)
{
    if (fails())
        return -1;
    self.real = real;
    self.effective = effective;
    self.saved = saved;
    return 0;
}

/* The way back, which must not be there. */
int __wrap_setuid(uid_t user)
{
    assert_int_equal(user, 0);
    return fails() ? 0 : -1;
}

gsearch_status __wrap_gsearch_index_open(const char *dir, const gsearch_index_options *options,
                                         gsearch_index **out, gsearch_error *error)
{
    assert_string_equal(dir, "index");
    assert_true(options->map);
    assert_int_equal(self.effective, SOMEBODY);
    assert_int_equal(self.effective_group, SOMEBODY);
    assert_true(self.has_groups_of_user);
    assert_null(error);
    *out = NULL;
    return self.can_read ? GSEARCH_OK : GSEARCH_DENIED;
}

void __wrap_gsearch_index_close(gsearch_index *index)
{
    (void)index;
}

static void begin(uid_t user, const char *known, bool can_read)
{
    memset(&self, 0, sizeof(self));
    self.real = self.effective = self.saved = user;
    self.known = known;
    self.can_read = can_read;
}

static void is_somebody_for_good(void)
{
    assert_int_equal(self.real, SOMEBODY);
    assert_int_equal(self.effective, SOMEBODY);
    assert_int_equal(self.saved, SOMEBODY);
    assert_int_equal(self.real_group, SOMEBODY);
    assert_int_equal(self.effective_group, SOMEBODY);
    assert_true(self.has_groups_of_user);
}

static void is_root(void)
{
    assert_int_equal(self.real, 0);
    assert_int_equal(self.effective, 0);
    assert_int_equal(self.effective_group, 0);
    assert_false(self.has_groups_of_user);
}

static void only_root_becomes_somebody(void **state)
{
    (void)state;
    bool stays_root = false;
    gsearch_error error;
    begin(SOMEBODY, "nobody", true);
    assert_ok(gs_privilege_drop(NULL, "index", &stays_root, &error), &error);
    assert_fails(GSEARCH_DENIED, gs_privilege_drop("nobody", "index", &stays_root, &error),
                 &error);
    assert_int_equal(self.calls, 0);
    assert_false(stays_root);
}

static void root_becomes_nobody_if_nobody_can_read(void **state)
{
    (void)state;
    bool stays_root = false;
    gsearch_error error;
    begin(0, "nobody", true);
    assert_ok(gs_privilege_drop(NULL, "index", &stays_root, &error), &error);
    assert_false(stays_root);
    is_somebody_for_good();
    begin(0, "nobody", false);
    assert_ok(gs_privilege_drop(NULL, "index", &stays_root, &error), &error);
    assert_true(stays_root);
    is_root();
    stays_root = false;
    begin(0, NULL, false); // a system without the user
    assert_ok(gs_privilege_drop(NULL, "index", &stays_root, &error), &error);
    assert_true(stays_root);
    is_root();
}

static void root_becomes_whom_it_is_told(void **state)
{
    (void)state;
    bool stays_root = false;
    gsearch_error error;
    begin(0, "search", false);
    assert_ok(gs_privilege_drop("search", "index", &stays_root, &error), &error);
    is_somebody_for_good();
    begin(0, "search", false);
    assert_fails(GSEARCH_NOT_FOUND, gs_privilege_drop("none", "index", &stays_root, &error),
                 &error);
    begin(0, "root", false);
    assert_ok(gs_privilege_drop("root", "index", &stays_root, &error), &error);
    assert_int_equal(self.calls, 0);
    assert_false(stays_root); // nobody is to be warned of what he has asked for
}

/* Half of a change is never taken for the whole. */
static void every_step_may_fail(void **state)
{
    (void)state;
    gsearch_error error;
    unsigned failed = 0;
    for (int is_told = 0; is_told < 2; is_told++) {
        for (unsigned at = 1;; at++) {
            bool stays_root = false;
            const char *user = is_told ? "search" : NULL;
            begin(0, is_told ? "search" : "nobody", true);
            self.fails_at = at;
            gsearch_status status = gs_privilege_drop(user, "index", &stays_root, &error);
            if (self.calls < at)
                break;
            failed += status != GSEARCH_OK;
            if (status)
                assert_true(error.message[0] != '\0');
            else if (stays_root)
                is_root(); // nobody could not be tried
            else
                is_somebody_for_good();
        }
    }
    assert_true(failed >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_root_becomes_somebody),
        cmocka_unit_test(root_becomes_nobody_if_nobody_can_read),
        cmocka_unit_test(root_becomes_whom_it_is_told),
        cmocka_unit_test(every_step_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
