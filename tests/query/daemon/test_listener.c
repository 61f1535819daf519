/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of query/daemon/listener.c: what may stand at the path of a unix socket, and who may
 * connect.
 */
#include "query/daemon/listener.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "tests/durability/faultysys.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

/* Errors that accept gives before it accepts; 0 ends them. */
static const int *accept_errors;

/* Takes the place of the call of libc. */
int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict len, int flags)
{
    if (accept_errors && *accept_errors) {
        errno = *accept_errors++;
        return -1;
    }
    return (int)syscall(SYS_accept4, fd, address, len, flags);
}

typedef struct place {
    char *dir;
    char *path;
    char text[GS_ADDRESS_TEXT_MAX];
} place;

static int setup(void **state)
{
    place *here = calloc(1, sizeof(*here));
    here->dir = gs_test_dir_make();
    here->path = gs_test_path(here->dir, "s");
    snprintf(here->text, sizeof(here->text), "unix:%s", here->path);
    *state = here;
    return 0;
}

static int teardown(void **state)
{
    place *here = *state;
    gs_test_dir_remove(here->dir);
    free(here->path);
    free(here);
    return 0;
}

static bool can_connect(const gs_address *address)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_connected = connect(fd, &address->any, address->len) == 0;
    close(fd);
    return is_connected;
}

static void only_the_owner_may_connect(void **state)
{
    place *here = *state;
    gs_listener listener;
    gsearch_error error;
    struct stat info;
    mode_t before = umask(0);
    assert_ok(gs_listener_bind(here->text, &listener, &error), &error);
    assert_int_equal(umask(before), 0); // as it was
    assert_int_equal(stat(here->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_true(can_connect(&listener.address));
    gs_listener_close(&listener);
    assert_false(can_connect(&listener.address));
    gs_listener_close(&listener); // a second time does nothing
}

static void a_socket_left_over_is_replaced(void **state)
{
    place *here = *state;
    gs_address address;
    gs_listener listener;
    gsearch_error error;
    assert_ok(gs_address_parse(here->text, &address, &error), &error);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, &address.any, address.len), 0);
    assert_int_equal(listen(fd, 1), 0);
    close(fd); // its owner has died
    assert_ok(gs_listener_bind(here->text, &listener, &error), &error);
    assert_true(can_connect(&listener.address));
    gs_listener_close(&listener);
}

static void a_socket_that_answers_is_left_alone(void **state)
{
    place *here = *state;
    gs_address address;
    gs_listener listener;
    gsearch_error error;
    assert_ok(gs_address_parse(here->text, &address, &error), &error);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, &address.any, address.len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_fails(GSEARCH_BUSY, gs_listener_bind(here->text, &listener, &error), &error);
    assert_true(can_connect(&address));
    close(fd);
}

static void two_daemons_do_not_share_a_path(void **state)
{
    place *here = *state;
    gs_listener first, second;
    gsearch_error error;
    assert_ok(gs_listener_bind(here->text, &first, &error), &error);
    assert_fails(GSEARCH_BUSY, gs_listener_bind(here->text, &second, &error), &error);
    // not even if the socket was removed behind the first one's back
    assert_int_equal(unlink(here->path), 0);
    assert_fails(GSEARCH_BUSY, gs_listener_bind(here->text, &second, &error), &error);
    gs_listener_close(&first);
    assert_ok(gs_listener_bind(here->text, &second, &error), &error);
    gs_listener_close(&second);
}

static void what_is_no_socket_is_never_removed(void **state)
{
    place *here = *state;
    gs_listener listener;
    gsearch_error error;
    gs_test_file_write(here->dir, "s", "text", 4);
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_listener_bind(here->text, &listener, &error), &error);
    assert_true(gs_test_file_exists(here->dir, "s"));
    assert_int_equal(unlink(here->path), 0);
    assert_int_equal(mkdir(here->path, 0700), 0);
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_listener_bind(here->text, &listener, &error), &error);
    assert_int_equal(rmdir(here->path), 0);
    assert_int_equal(symlink("elsewhere", here->path), 0);
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_listener_bind(here->text, &listener, &error), &error);
    assert_int_equal(unlink(here->path), 0);
}

static void a_folder_that_is_not_there_is_not_made(void **state)
{
    place *here = *state;
    char text[GS_ADDRESS_TEXT_MAX];
    gs_listener listener;
    gsearch_error error;
    snprintf(text, sizeof(text), "unix:%s/none/s", here->dir);
    assert_fails(GSEARCH_NOT_FOUND, gs_listener_bind(text, &listener, &error), &error);
}

static void a_port_in_use_is_busy(void **state)
{
    (void)state;
    char text[GS_ADDRESS_TEXT_MAX];
    gs_listener first, second;
    gsearch_error error;
    assert_ok(gs_listener_bind("127.0.0.1:0", &first, &error), &error);
    gs_address_format(&first.address, text);
    assert_string_not_equal(text, "127.0.0.1:0");
    assert_true(can_connect(&first.address));
    assert_fails(GSEARCH_BUSY, gs_listener_bind(text, &second, &error), &error);
    gs_listener_close(&first);
}

static void the_kernel_takes_no_more_of_a_reply_than_the_daemon_itself(void **state)
{
    (void)state;
    gs_listener listener;
    gsearch_error error;
    static char page[65536];
    int taken = 0;
    assert_ok(gs_listener_bind("127.0.0.1:0", &listener, &error), &error);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096;
    setsockopt(client, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    assert_int_equal(connect(client, &listener.address.any, listener.address.len), 0);
    int fd = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(fd >= 0);
    for (ssize_t sent; (sent = send(fd, page, sizeof(page), MSG_NOSIGNAL)) > 0;)
        taken += (int)sent;
    assert_in_range(taken, 65536, 4 * GS_OUTPUT_PAUSE_BYTES);
    close(client);
    close(fd);
    gs_listener_close(&listener);
}

typedef struct accepted {
    gs_listener listener;
    uint64_t failed;
    int count, wanted;
} accepted;

static void on_accept(int fd, void *payload)
{
    accepted *seen = payload;
    close(fd);
    if (++seen->count == seen->wanted)
        gs_listener_close(&seen->listener);
}

static void every_connection_is_handed_over(void **state)
{
    place *here = *state;
    uv_loop_t loop;
    accepted seen = {.wanted = 100};
    gsearch_error error;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_ok(gs_listener_bind(here->text, &seen.listener, &error), &error);
    seen.listener.on_accept = on_accept;
    seen.listener.payload = &seen;
    seen.listener.failed = &seen.failed;
    assert_ok(gs_listener_start(&seen.listener, &loop, &error), &error);
    for (int i = 0; i < 100; i++)
        assert_true(can_connect(&seen.listener.address));
    uv_run(&loop, UV_RUN_DEFAULT); // ends when the listener is closed
    assert_int_equal(seen.count, 100);
    assert_int_equal(seen.failed, 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void without_descriptors_it_pauses_and_goes_on_later(void **state)
{
    place *here = *state;
    uv_loop_t loop;
    accepted seen = {.wanted = 1};
    gsearch_error error;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_ok(gs_listener_bind(here->text, &seen.listener, &error), &error);
    seen.listener.on_accept = on_accept;
    seen.listener.payload = &seen;
    seen.listener.failed = &seen.failed;
    assert_ok(gs_listener_start(&seen.listener, &loop, &error), &error);
    uv_run(&loop, UV_RUN_NOWAIT);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, &seen.listener.address.any, seen.listener.address.len), 0);
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3; // every descriptor beyond the standard ones is in use or forbidden
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (int i = 0; i < 100; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(seen.failed, 1); // one look, not a hundred
    assert_int_equal(seen.count, 0);
    gs_listener_resume(&seen.listener);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.count, 1);
    close(fd);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void errors_of_accept_neither_end_nor_spin(void **state)
{
    place *here = *state;
    // of one connection: the next is accepted at once; of the system: not before it is time
    static const int of_one[] = {ECONNABORTED, EINTR,       EPROTO,    EPERM,
                                 ENETDOWN,     ENETUNREACH, EHOSTDOWN, EHOSTUNREACH,
                                 ENOPROTOOPT,  EOPNOTSUPP,  ENONET,    0};
    static const int of_all[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM, EIO};
    uv_loop_t loop;
    gsearch_error error;
    accepted seen = {.wanted = 2};
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_ok(gs_listener_bind(here->text, &seen.listener, &error), &error);
    seen.listener.on_accept = on_accept;
    seen.listener.payload = &seen;
    seen.listener.failed = &seen.failed;
    assert_ok(gs_listener_start(&seen.listener, &loop, &error), &error);
    accept_errors = of_one;
    assert_true(can_connect(&seen.listener.address));
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.failed, 0);
    assert_true(can_connect(&seen.listener.address));
    for (size_t i = 0; i < sizeof(of_all) / sizeof(*of_all); i++) {
        const int errors[] = {of_all[i], 0};
        accept_errors = errors;
        for (int j = 0; j < 100; j++)
            uv_run(&loop, UV_RUN_NOWAIT);
        assert_int_equal(seen.failed, i + 1); // one look, not a hundred
        assert_int_equal(seen.count, 1);
        accept_errors = NULL;
        if (i + 1 < sizeof(of_all) / sizeof(*of_all))
            accept_errors = (const int[]){of_all[i + 1], 0};
        gs_listener_resume(&seen.listener);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.count, 2);
    assert_int_equal(uv_loop_close(&loop), 0);
}

typedef struct spying {
    unsigned sockets; /* looks that found one */
    unsigned faults;  /* a mode that lets others in, or a connection */
} spying;

/* Tries to come in, as somebody else if that can be, until the pipe is closed. */
static void spy(const gs_address *address, int until, int tell)
{
    spying seen = {0};
    bool is_other = geteuid() == 0 && setgid(65534) == 0 && setuid(65534) == 0;
    struct pollfd end = {.fd = until};
    while (poll(&end, 1, 0) == 0) {
        struct stat info;
        if (lstat(address->path.sun_path, &info) || !S_ISSOCK(info.st_mode))
            continue;
        seen.sockets++;
        seen.faults += (info.st_mode & 0177) != 0;
        seen.faults += is_other && can_connect(address);
    }
    (void)!write(tell, &seen, sizeof(seen));
    _exit(0);
}

static void nobody_slips_in_while_a_socket_is_made(void **state)
{
    place *here = *state;
    gs_address address;
    gsearch_error error;
    int until[2], tell[2];
    assert_ok(gs_address_parse(here->text, &address, &error), &error);
    assert_int_equal(chmod(here->dir, 0711), 0); // the mode of the socket alone keeps others out
    assert_int_equal(pipe(until), 0);
    assert_int_equal(pipe(tell), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(until[1]);
        spy(&address, until[0], tell[1]);
    }
    mode_t before = umask(0);
    for (int i = 0; i < 1000; i++) {
        gs_listener listener;
        assert_ok(gs_listener_bind(here->text, &listener, &error), &error);
        gs_listener_close(&listener);
    }
    umask(before);
    close(until[1]);
    spying seen;
    assert_int_equal(read(tell[0], &seen, sizeof(seen)), sizeof(seen));
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(seen.sockets > 0);
    assert_int_equal(seen.faults, 0);
    close(until[0]);
    close(tell[0]);
    close(tell[1]);
}

/* Binds to the path of a socket that was left over, with one call failing; the status. */
static gsearch_status bind_again(place *here)
{
    gs_listener listener;
    gsearch_error error = {0};
    assert_ok(gs_listener_bind(here->text, &listener, &error), &error);
    gs_listener_close(&listener);
    long descriptors = gs_faults_here()->descriptors;
    gs_faults_here()->is_on = true;
    gsearch_status status = gs_listener_bind(here->text, &listener, &error);
    gs_faults_here()->is_on = false;
    if (status)
        assert_true(error.message[0] != '\0');
    else
        gs_listener_close(&listener);
    assert_int_equal(gs_faults_here()->descriptors, descriptors);
    return status;
}

static void every_call_about_its_files_may_fail(void **state)
{
    static const struct {
        int error;
        gsearch_status status;
    } kinds[] = {{EACCES, GSEARCH_DENIED}, {EIO, GSEARCH_IO}};
    unsigned failed = 0;
    for (unsigned at = 1;; at++) {
        gs_faults_reset();
        gs_faults_here()->at = at;
        gs_faults_here()->error = kinds[at % 2].error;
        gsearch_status status = bind_again(*state);
        if (!gs_faults_here()->is_hit)
            break;
        // who cannot lock the path cannot know that nobody else does
        if (status && status != GSEARCH_BUSY)
            assert_int_equal(status, kinds[at % 2].status);
        failed += status != GSEARCH_OK;
    }
    assert_true(failed >= 4);
    gs_faults_reset();
    assert_int_equal(bind_again(*state), GSEARCH_OK);
}

static void a_socket_of_another_user_is_left_alone(void **state)
{
    place *here = *state;
    gs_listener listener;
    gsearch_error error;
    assert_ok(gs_listener_bind(here->text, &listener, &error), &error);
    gs_listener_close(&listener);
    if (geteuid() != 0 || chown(here->path, 1, 1)) {
        skip(); // only root gives files away
        return;
    }
    assert_fails(GSEARCH_DENIED, gs_listener_bind(here->text, &listener, &error), &error);
    assert_int_equal(access(here->path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_the_owner_may_connect, setup, teardown),
        cmocka_unit_test_setup_teardown(a_socket_left_over_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(a_socket_that_answers_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(two_daemons_do_not_share_a_path, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_socket_is_never_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_not_made, setup, teardown),
        cmocka_unit_test_setup_teardown(every_call_about_its_files_may_fail, setup, teardown),
        cmocka_unit_test_setup_teardown(a_socket_of_another_user_is_left_alone, setup, teardown),
        cmocka_unit_test(a_port_in_use_is_busy),
        cmocka_unit_test(the_kernel_takes_no_more_of_a_reply_than_the_daemon_itself),
        cmocka_unit_test_setup_teardown(every_connection_is_handed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_of_accept_neither_end_nor_spin, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_slips_in_while_a_socket_is_made, setup, teardown),
        cmocka_unit_test_setup_teardown(without_descriptors_it_pauses_and_goes_on_later, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
