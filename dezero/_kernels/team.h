/* A second thread for large arrays: the caller and the helper take shares of one job from one counter.

   The helper is made at the first job, where there is a second core for it.  It spins for about 0.1 ms before it sleeps
   (forward asks every few hundred microseconds).  A job that it has not begun when the caller is through is taken back:
   on a busy machine two threads must not be slower than one.  For the same reason a caller that had to wait for its
   helper, which somebody else's work has pushed off its core, does the next jobs alone: 256, and twice as many each time
   that it happens again.  One caller at a time; whoever comes meanwhile works alone.
   DEZERO_NUM_THREADS=1 does without it. */
#ifndef DEZERO_TEAM_H
#define DEZERO_TEAM_H
#include "flags.h"
#include "runner.h"

typedef void (*team_work)(void *job, int who);      /* who: 0 the caller, 1 the helper */

#if defined(__linux__) && defined(__GNUC__)
#define TEAM_ATOMIC _Atomic
#define TEAM_TAKE(counter, n) __atomic_fetch_add(counter, n, __ATOMIC_RELAXED)
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { TEAM_IDLE, TEAM_POSTED, TEAM_BEGUN, TEAM_DONE };
enum { TEAM_UNKNOWN, TEAM_ALONE, TEAM_TWO };
enum { TEAM_PATIENCE = 2000 };  /* spins, about 0.1 ms: a share takes 0.02 */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    team_work work;
    void *job;
    int flags, size;
    int alone, penalty;     /* jobs still to be done alone, and how many it will be the next time */
    atomic_int state, asleep, taken;
} team = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static inline void team_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void team_help(void *unused) {
    (void)unused;
    for (;;) {
        for (int spins = 0; atomic_load(&team.state) != TEAM_POSTED;) {
            if (++spins < 5000) { team_pause(); continue; }
            pthread_mutex_lock(&team.lock);
            atomic_store(&team.asleep, 1);
            while (atomic_load(&team.state) != TEAM_POSTED) pthread_cond_wait(&team.wake, &team.lock);
            atomic_store(&team.asleep, 0);
            pthread_mutex_unlock(&team.lock);
        }
        int posted = TEAM_POSTED;
        if (!atomic_compare_exchange_strong(&team.state, &posted, TEAM_BEGUN)) continue;
        dz_clear_flags();
        team.work(team.job, 1);
        team.flags = dz_flags();
        atomic_store(&team.state, TEAM_DONE);
    }
}

static void team_after_fork(void) {                 /* a child has no helper */
    pthread_mutex_init(&team.lock, NULL);
    pthread_cond_init(&team.wake, NULL);
    atomic_store(&team.state, TEAM_IDLE);
    atomic_store(&team.asleep, 0);
    atomic_store(&team.taken, 0);
    team.size = TEAM_UNKNOWN;
}

static int team_make(void) {
    static int watched = 0;
    const char *wanted = getenv("DEZERO_NUM_THREADS");
    cpu_set_t cores;
    sigset_t all, before;
    if (wanted != NULL && atoi(wanted) == 1) return TEAM_ALONE;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0 || CPU_COUNT(&cores) < 2) return TEAM_ALONE;
    if (!watched && pthread_atfork(NULL, NULL, team_after_fork) != 0) return TEAM_ALONE;
    watched = 1;
    sigfillset(&all);                               /* signals are for Python's threads */
    sigprocmask(SIG_SETMASK, &all, &before);        /* of this thread: pthread_sigmask wants a younger glibc, as does pthread_create */
    const int failed = PyThread_start_new_thread(team_help, NULL) == PYTHREAD_INVALID_THREAD_ID;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return failed ? TEAM_ALONE : TEAM_TWO;
}

static void team_run(team_work work, void *job) {
    int nobody = 0, posted = TEAM_POSTED;
    if (!atomic_compare_exchange_strong(&team.taken, &nobody, 1)) { work(job, 0); return; }
    if (team.size == TEAM_UNKNOWN) team.size = team_make();
    if (team.size == TEAM_ALONE || team.alone > 0) {
        team.alone -= team.alone > 0;
        atomic_store(&team.taken, 0);
        work(job, 0);
        return;
    }
    team.work = work, team.job = job;
    atomic_store(&team.state, TEAM_POSTED);
    if (atomic_load(&team.asleep)) {
        pthread_mutex_lock(&team.lock);
        pthread_cond_signal(&team.wake);
        pthread_mutex_unlock(&team.lock);
    }
    work(job, 0);
    if (!atomic_compare_exchange_strong(&team.state, &posted, TEAM_IDLE)) {
        int spins = 0;
        for (; atomic_load(&team.state) != TEAM_DONE; spins++) {
            if (spins < TEAM_PATIENCE) team_pause();
            else sched_yield();
        }
        if (spins > TEAM_PATIENCE) {
            team.penalty = team.penalty == 0 ? 256 : team.penalty < 65536 ? 2 * team.penalty : 65536;
            team.alone = team.penalty;
        } else if (team.penalty > 0) team.penalty--;
        atomic_store(&team.state, TEAM_IDLE);
        dz_raise_flags(team.flags);
    }
    atomic_store(&team.taken, 0);
}
#else
#define TEAM_ATOMIC
#define TEAM_TAKE(counter, n) ((*(counter) += (n)) - (n))
static void team_run(team_work work, void *job) { work(job, 0); }
#endif

enum { TEAM_FROM = 1 << 18 };   /* bytes of an array from which on sharing gains */
enum { TEAM_SHARE = 1 << 17 };  /* bytes of a share of one loop */
enum { TEAM_STEPS = 1 << 17 };  /* elements times steps of a share of a program */

typedef struct {
    run_loop loop;
    void *data;
    int nargs;
    char **p;
    const Py_ssize_t *steps;
    Py_ssize_t n, share;
    TEAM_ATOMIC Py_ssize_t next;
} team_loop;

static void team_loop_part(void *job, int who) {
    team_loop *j = job;
    (void)who;
    for (;;) {
        const Py_ssize_t at = TEAM_TAKE(&j->next, j->share);
        if (at >= j->n) return;
        char *args[RUN_ARGS];
        Py_ssize_t steps[RUN_ARGS], n = j->n - at < j->share ? j->n - at : j->share;
        for (int k = 0; k < j->nargs; k++) args[k] = j->p[k] + at * j->steps[k], steps[k] = j->steps[k];
        j->loop(args, &n, steps, j->data);
    }
}

/* One loop over n elements of `item` bytes. */
static void team_run_loop(run_loop loop, void *data, int nargs, char **p, const Py_ssize_t *steps, Py_ssize_t n, int item) {
    team_loop job = {loop, data, nargs, p, steps, n, TEAM_SHARE / item, 0};
    if (n * item < TEAM_FROM) job.share = n, team_loop_part(&job, 0);
    else team_run(team_loop_part, &job);
}

typedef struct {
    const run_program *program;
    char *scratch[2];
    Py_ssize_t last, share;
    TEAM_ATOMIC Py_ssize_t next;
} team_blocks;

static void team_blocks_part(void *job, int who) {
    team_blocks *j = job;
    for (;;) {
        const Py_ssize_t at = TEAM_TAKE(&j->next, j->share);
        if (at >= j->last) return;
        run_blocks(j->program, at, j->last - at < j->share ? j->last : at + j->share, j->scratch[who]);
    }
}

/* Sums depend on the order of blocks, to the last bit: a program that has one is run by one thread. */
static int team_wants(const run_program *P) {
    return P->nsums == 0 && P->rows * P->cols * P->item >= TEAM_FROM;
}

/* Blocks first to last - 1 of a program, with scratch for two where the team wants it. */
static void team_run_blocks(const run_program *P, Py_ssize_t first, Py_ssize_t last, char *scratch, Py_ssize_t size) {
    const Py_ssize_t share = TEAM_STEPS / (P->block * P->nsteps) + 1;
    team_blocks job = {P, {scratch, scratch + size}, last, share, first};
    if (team_wants(P)) team_run(team_blocks_part, &job);
    else run_blocks(P, first, last, scratch);
}
#endif
