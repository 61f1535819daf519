/* SPDX-License-Identifier: Apache-2.0
 *
 * Every allocation fails, once or with all after it: of changes of an index, of opening, searching
 * and reloading one, of replies of the daemon and of the client, those of zstd, jansson and libuv
 * included. What comes back is NO_MEMORY, or the same as with memory, and nothing stays allocated.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/wire/address.h"
#include "gsearch/client.h"
#include "query/daemon/dispatch.h"
#include "query/daemon/server.h"
#include "query/index.h"
#include "tests/durability/disk.h"
#include "tests/durability/faultysys.h"
#include "tests/durability/scenario.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define CASES_QUICK 5000u
#define CASES_FULL 20000u
#define RECORDS_QUICK 10u
#define RECORDS_FULL 100u
#define EXIT_LIBUV 78 /* libuv has called abort */

static unsigned cases; // of the whole program

/* Something to do; on success it appends what came of it to `out`. */
typedef struct operation {
    const char *name;
    gsearch_status (*run)(void *context, gs_buf *out, gsearch_error *error);
    void *context;
    void (*restore)(void *context); // before every run; may be NULL
} operation;

static bool is_full(void)
{
    return getenv("GS_TEST_FULL") != NULL;
}

static void start(const operation *self, unsigned at, bool for_good)
{
    gs_faults *faults = gs_faults_here();
    if (self->restore)
        self->restore(self->context);
    gs_faults_reset();
    faults->allocation_at = at;
    faults->allocations_for_good = for_good;
    faults->is_on = true;
}

/* One run; false once no allocation is left that could fail. */
static bool try_allocation(const operation *self, unsigned at, bool for_good, const gs_buf *wanted)
{
    gs_faults *faults = gs_faults_here();
    gsearch_error error = {0};
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    gs_buf_reserve(&out, wanted->len + 1); // not by the operation
    long blocks = faults->blocks, descriptors = faults->descriptors;
    start(self, at, for_good);
    gsearch_status status = self->run(self->context, &out, &error);
    faults->is_on = false;
    bool is_hit = faults->allocations >= at;
    if (status && status != GSEARCH_NO_MEMORY)
        fail_msg("%s, allocation %u: status %d: %s", self->name, at, status, error.message);
    if (!status && (out.len != wanted->len || memcmp(out.data, wanted->data, out.len) != 0))
        fail_msg("%s, allocation %u: another outcome: %.*s", self->name, at, (int)out.len,
                 (const char *)out.data);
    if (faults->blocks != blocks || faults->descriptors != descriptors)
        fail_msg("%s, allocation %u: %ld blocks, %ld descriptors are left", self->name, at,
                 faults->blocks - blocks, faults->descriptors - descriptors);
    gs_buf_release(&out);
    cases += is_hit;
    return is_hit;
}

static void sweep(const operation *self)
{
    gsearch_error error = {0};
    gs_buf wanted;
    gs_buf_init(&wanted, NULL, SIZE_MAX);
    start(self, 0, false);
    assert_ok(self->run(self->context, &wanted, &error), &error);
    gs_faults_here()->is_on = false;
    assert_true(gs_faults_here()->allocations > 0);
    for (unsigned at = 1; try_allocation(self, at, false, &wanted); at++)
        try_allocation(self, at, true, &wanted);
    gs_buf_release(&wanted);
}

/* ---- changes ---- */

typedef struct change {
    const gs_scenario *scenario;
    gs_stage stage;
    gs_disk_image *before;
} change;

static void restore_disk(void *context)
{
    change *self = context;
    gs_disk_restore(self->before);
}

static gsearch_status run_change(void *context, gs_buf *out, gsearch_error *error)
{
    change *self = context;
    gsearch_status status = self->scenario->run(&self->stage);
    if (status) {
        *error = self->stage.error;
        return status;
    }
    // the newest manifest; of older files, a run without memory may leave some
    const char *newest = "";
    for (size_t i = 0; i < gs_disk_count(); i++) {
        const char *name = gs_disk_name(i);
        if (strncmp(name, "manifest-", 9) == 0 && strcmp(name, newest) > 0)
            newest = name;
    }
    gs_faults_here()->is_on = false;
    size_t len;
    const uint8_t *manifest = gs_disk_get(newest, &len);
    gs_buf_bytes(out, gs_bytes_of(manifest, len));
    return GSEARCH_OK;
}

static void put_records(gs_stage *stage)
{
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    for (unsigned i = 0; i < (is_full() ? RECORDS_FULL : RECORDS_QUICK); i++)
        gs_buf_printf(&text,
                      "{\"id\":%u,\"title\":\"第%u号\",\"text\":\"\\u653f务\",\"n\":[%u]}\n",
                      i, i, i);
    gs_stage_put(stage, "records.jsonl", text.data, text.len);
    gs_buf_release(&text);
}

static void changes_survive(void **state)
{
    (void)state;
    for (size_t i = 0; i < GS_SCENARIOS; i++) {
        gs_disk_clear();
        change self = {.scenario = &gs_scenarios[i],
                       .stage = gs_stage_begin(&gs_scenarios[i], GS_DISK_INDEX)};
        put_records(&self.stage);
        self.before = gs_disk_save();
        operation whole = {self.scenario->name, run_change, &self, restore_disk};
        sweep(&whole);
        gs_disk_clear();
        gs_disk_image_free(self.before);
        gs_stage_end(&self.stage);
    }
}

/* ---- searches ---- */

static const gsearch_request requests[] = {
    {.query = "政务公开"},
    {.query = "营商 -许可"},
    {.query = "条例 OR 许可 OR 決算"},
    {.query = "\"优化 条例\"~5"},
    {.query = "优化 NEAR/9 条例 (环境 | 许可)"},
    {.query = "title:三公经费"},
    {.query = "date:2017..2018 設備", .sort = GSEARCH_SORT_DATE_DESC},
    {.query = "=銀川 OR =決算"},
    {.query = "bro* OR is*"},
    {.query = "的"},
    {.query = "優化營商環境條例", .facet = "date"},
    {.query = "营商环境有什么条例？", .match = GSEARCH_MATCH_ANY},
    {.query = "条"},
    {.query = "date:2017", .sort = GSEARCH_SORT_DATE, .facet = "date"},
};
#define REQUESTS (sizeof(requests) / sizeof(*requests))

/* Text for an outcome comes from the heap of the test: the operation has nothing to do with it. */
static void put_results(gs_buf *out, const gsearch_results *results)
{
    bool *is_on = &gs_faults_here()->is_on, before = *is_on;
    *is_on = false;
    gs_buf_printf(out, "%d %llu;", results->has_total, (unsigned long long)results->total);
    for (size_t i = 0; i < results->facets_count; i++)
        gs_buf_printf(out, " %s %llu;", results->facets[i].value,
                      (unsigned long long)results->facets[i].count);
    for (size_t i = 0; i < results->hits_count; i++) {
        const gsearch_hit *hit = &results->hits[i];
        gs_buf_printf(out, " %llu %a %s %s %s %zu;", (unsigned long long)hit->rank, hit->score,
                      hit->id, hit->title ? hit->title : "-", hit->snippet ? hit->snippet : "-",
                      hit->marks_count);
    }
    *is_on = before;
}

static gsearch_status search_in(gsearch_index *index, const gsearch_request *given, gs_buf *out,
                                gsearch_error *error)
{
    gsearch_results *results;
    gsearch_request request = *given;
    request.struct_size = sizeof(request);
    request.limit = 10;
    request.snippet = request.total = true;
    gsearch_status status = gsearch_search(index, &request, &results, error);
    if (status)
        return status;
    put_results(out, results);
    gsearch_results_free(results);
    return GSEARCH_OK;
}

static gsearch_status open_and_search(void *context, gs_buf *out, gsearch_error *error)
{
    gsearch_index *index;
    gsearch_status status = gsearch_index_open(GS_DISK_INDEX, NULL, &index, error);
    if (status)
        return status;
    status = search_in(index, context, out, error);
    gsearch_index_close(index);
    return status;
}

static gs_stage begin_reading(void)
{
    gs_disk_clear();
    gs_stage stage = gs_stage_begin(&gs_scenarios[3], GS_DISK_INDEX);
    assert_ok(gs_scenarios[4].run(&stage), &stage.error);
    return stage;
}

static void searches_survive(void **state)
{
    (void)state;
    gs_stage stage = begin_reading();
    for (size_t i = 0; i < REQUESTS; i++) {
        operation search = {requests[i].query, open_and_search,
                            (void *)(uintptr_t)&requests[i], NULL};
        sweep(&search);
    }
    gs_stage_end(&stage);
}

/* ---- a new generation ---- */

typedef struct reload {
    gs_stage stage;
    gs_disk_image *before, *after;
} reload;

static void restore_older(void *context)
{
    reload *self = context;
    gs_disk_restore(self->before);
}

/* What the index answers to everything. */
static void search_all(gsearch_index *index, gs_buf *out)
{
    gsearch_error error;
    for (size_t i = 0; i < REQUESTS; i++)
        assert_ok(search_in(index, &requests[i], out, &error), &error);
}

/* The index is open when the newer generation comes. A failure leaves the one that it has. */
static gsearch_status reload_index(void *context, gs_buf *out, gsearch_error *error)
{
    const reload *self = context;
    gsearch_index *index;
    gsearch_status status = gsearch_index_open(GS_DISK_INDEX, NULL, &index, error);
    if (status)
        return status;
    gs_disk_add(self->after);
    status = gsearch_index_refresh(index, NULL, error);
    gs_faults_here()->is_on = false;
    search_all(index, out);
    if (status) {
        gsearch_error again;
        gs_buf_reset(out);
        assert_ok(gsearch_index_refresh(index, NULL, &again), &again);
        search_all(index, out);
    }
    gs_faults_here()->is_on = true;
    gsearch_index_close(index);
    return status;
}

static void reloads_survive(void **state)
{
    (void)state;
    reload self = {.stage = begin_reading()};
    self.before = gs_disk_save();
    gs_stage_put(&self.stage, "b.txt", "条例", strlen("条例"));
    assert_ok(gs_scenarios[0].run(&self.stage), &self.stage.error);
    self.after = gs_disk_save();
    operation whole = {"reload", reload_index, &self, restore_older};
    sweep(&whole);
    gs_disk_clear();
    gs_disk_image_free(self.before);
    gs_disk_image_free(self.after);
    gs_stage_end(&self.stage);
}

/* ---- replies ---- */

/* The times in a reply differ from run to run. */
static void put_reply(gs_buf *out, gs_bytes reply)
{
    static const char key[] = "took_us";
    for (const uint8_t *time; (time = memmem(reply.ptr, reply.len, key, sizeof(key) - 1));) {
        size_t before = (size_t)(time - reply.ptr) + sizeof(key) - 1;
        while (before < reply.len && (reply.ptr[before] < '0' || reply.ptr[before] > '9'))
            before++;
        gs_buf_bytes(out, gs_bytes_of(reply.ptr, before));
        reply = gs_bytes_of(reply.ptr + before, reply.len - before);
        while (reply.len && *reply.ptr >= '0' && *reply.ptr <= '9')
            reply = gs_bytes_of(reply.ptr + 1, reply.len - 1);
    }
    gs_buf_bytes(out, reply);
}

static gsearch_status answer_line(void *context, gs_buf *out, gsearch_error *error)
{
    gsearch_index *index;
    gs_answer answer;
    GS_TRY(gs_index_open_durable(GS_DISK_INDEX, &index, error));
    gsearch_status status = gs_answer_init(&answer, gs_bytes_str(context), error);
    if (!status) {
        while (gs_answer_needs_index(&answer) && (answer.more || !answer.begun))
            gs_answer_step(&answer, index);
        status = answer.is_cut ? GSEARCH_NO_MEMORY : answer.status;
        bool *is_on = &gs_faults_here()->is_on;
        *is_on = false;
        if (!status)
            put_reply(out, gs_buf_view(&answer.out));
        *is_on = true;
        gs_answer_release(&answer);
    }
    gsearch_index_close(index);
    return status;
}

static void replies_survive(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "SEARCH limit=all 条例",  "SEARCH limit=3 sort=date facet=date 环境 OR 预算",
        "COUNT 营商环境",         "GET 财政预算 2017年",
        "EXPLAIN 优化营商环境条例", "SUGGEST 条",
        "SUGGEST pd",
    };
    gs_stage stage = begin_reading();
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        operation reply = {lines[i], answer_line, (void *)(uintptr_t)lines[i], NULL};
        sweep(&reply);
    }
    gs_stage_end(&stage);
}

/* ---- over a socket ---- */

typedef struct daemon {
    gs_stage stage;
    char *socket; // as an address
    pid_t pid;
} daemon_process;

static void on_ready(const char *const *addresses, size_t count, void *payload)
{
    (void)addresses;
    (void)count;
    close(*(int *)payload);
}

/* libuv ends the process where it has no way to tell of a failure. */
void abort(void)
{
    _exit(EXIT_LIBUV);
}

/* Starts one over a folder of the kernel's; false if it has ended before it was ready. */
static bool start_daemon(daemon_process *self, bool with_faults)
{
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    self->pid = fork();
    assert_true(self->pid >= 0);
    if (self->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that fails leaves no daemon behind
        const char *listen = self->socket;
        gs_server_options options = {.dir = self->stage.index, .listen = &listen,
                                     .listen_count = 1, .threads = 1, .on_ready = on_ready,
                                     .payload = &ready[1]};
        gsearch_error error;
        close(ready[0]);
        if (!with_faults)
            gs_faults_detach();
        gsearch_status status = gs_server_run(&options, &error);
        if (!status)
            _exit(0);
        char byte = 'x';
        (void)!write(ready[1], &byte, 1);
        _exit(gsearch_status_exit(status));
    }
    close(ready[1]);
    char byte;
    bool is_ready = read(ready[0], &byte, 1) == 0; // closed by on_ready, or by its end
    close(ready[0]);
    return is_ready;
}

static int wait_for(daemon_process *self)
{
    int ended;
    assert_int_equal(waitpid(self->pid, &ended, 0), self->pid);
    if (!WIFEXITED(ended))
        fail_msg("the daemon ends by signal %d", WTERMSIG(ended));
    return WEXITSTATUS(ended);
}

static daemon_process begin_serving(void)
{
    gs_disk_clear();
    daemon_process self = {.stage = gs_stage_begin(&gs_scenarios[3], NULL)};
    char text[256];
    snprintf(text, sizeof(text), "unix:%s/socket", self.stage.path);
    self.socket = strdup(text);
    return self;
}

static void end_serving(daemon_process *self)
{
    free(self->socket);
    gs_stage_end(&self->stage);
}

static gsearch_status ask_daemon(void *context, gs_buf *out, gsearch_error *error)
{
    const daemon_process *self = context;
    gsearch_client *client;
    gsearch_results *results;
    gsearch_request request = GSEARCH_REQUEST_INIT;
    request.query = "条例 OR 许可";
    request.facet = "date";
    GS_TRY(gsearch_client_open(self->socket, 0, &client, error));
    gsearch_status status = gsearch_client_search(client, &request, &results, error);
    if (!status) {
        put_results(out, results);
        gsearch_results_free(results);
    }
    gsearch_client_close(client);
    return status;
}

static void client_calls_survive(void **state)
{
    (void)state;
    daemon_process self = begin_serving();
    gs_faults_reset();
    assert_true(start_daemon(&self, false));
    operation call = {"client", ask_daemon, &self, NULL};
    sweep(&call);
    kill(self.pid, SIGTERM);
    assert_int_equal(wait_for(&self), 0);
    end_serving(&self);
}

/* ---- the daemon itself ---- */

static unsigned aborts;

static int connect_to(const daemon_process *self)
{
    gs_address address;
    gsearch_error error;
    assert_ok(gs_address_parse(self->socket, &address, &error), &error);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    const struct timeval patience = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, &address.any, address.len) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The whole answer, or what there is of it. */
static void converse(const daemon_process *self)
{
    static const char lines[] = "SEARCH 条例\nSTATS\nGET none\nPING\n";
    char heard[4096];
    int fd = connect_to(self);
    if (fd < 0)
        return;
    (void)!send(fd, lines, sizeof(lines) - 1, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    ssize_t got;
    do
        got = recv(fd, heard, sizeof(heard), 0);
    while (got > 0);
    if (got < 0 && errno == EAGAIN)
        fail_msg("the daemon does not answer and does not close");
    close(fd);
}

static void a_daemon_survives(void **state)
{
    (void)state;
    daemon_process self = begin_serving();
    gs_faults *faults = gs_faults_here();
    unsigned step = is_full() ? 1 : 7;
    for (unsigned at = 1;; at += step) {
        gs_faults_reset();
        faults->allocation_at = at;
        faults->is_on = true;
        bool is_ready = start_daemon(&self, true);
        if (is_ready) {
            converse(&self);
            kill(self.pid, SIGTERM);
        }
        int status = wait_for(&self);
        faults->is_on = false;
        if (faults->allocations < at)
            break;
        cases++;
        aborts += status == EXIT_LIBUV;
        if (status != 0 && status != gsearch_status_exit(GSEARCH_NO_MEMORY) &&
            status != EXIT_LIBUV)
            fail_msg("allocation %u: the daemon ends with status %d", at, status);
    }
    end_serving(&self);
}

static int set_up(void **state)
{
    (void)state;
    gs_faults_reset();
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        CASE(changes_survive), CASE(searches_survive),     CASE(reloads_survive),
        CASE(replies_survive), CASE(client_calls_survive), CASE(a_daemon_survives),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("# figure: failures of allocations: %u, of them %u at which libuv ends the process\n",
           cases, aborts);
    return failed || cases < (is_full() ? CASES_FULL : CASES_QUICK);
}
