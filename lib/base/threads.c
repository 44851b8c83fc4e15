/* Threads: see threads.h. */
#define _GNU_SOURCE /* sched_getaffinity */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/error.h"
#include "base/threads.h"

/*
 * Workers that stay from loop to loop. The caller works too, and at the end waits only for workers that began: one that
 * the system has not run yet (another program has the CPU) is not missed. That is what OpenMP's teams, which meet at
 * every loop's end, are bad at. Who waits looks for a moment, since loops follow each other closely, then sleeps; at
 * once where there are fewer CPUs than threads.
 */
#define THREADS_MAX 1024
#define LOOKS 2000 /* times, 50-100 us */

struct loop {
	size_t n, threads;
	int (*body)(size_t, size_t, void *);
	void *argument;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t begins = PTHREAD_COND_INITIALIZER, ends = PTHREAD_COND_INITIALIZER;
static struct loop loop;   /* under the lock, as the next four: */
static bool open, waiting; /* a worker may begin; the caller sleeps until none is in */
static size_t asleep, workers;
static char reason[ERR_MAX];
static atomic_size_t number; /* of loops so far */
static atomic_size_t inside; /* workers that began and have not ended */
static atomic_size_t next;   /* item */
static atomic_size_t failed; /* smallest item that failed, SIZE_MAX: none */
static atomic_flag used = ATOMIC_FLAG_INIT;

static pthread_once_t counted = PTHREAD_ONCE_INIT;
static size_t cpus;

static void count_cpus(void)
{
	cpu_set_t set; /* respects the process's affinity */
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	cpus = online > 0 ? (size_t)online : 1;
	if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
		cpus = (size_t)CPU_COUNT(&set);
}

size_t par_cpus(void)
{
	pthread_once(&counted, count_cpus);
	return cpus;
}

size_t par_threads(size_t requested)
{
	return requested ? requested : par_cpus();
}

static void pause_a_little(void)
{
#if defined __x86_64__ || defined __i386__
	__builtin_ia32_pause();
#endif
}

/* Items until there are no more. */
static void work(const struct loop *l, size_t worker)
{
	for (size_t i; (i = atomic_fetch_add(&next, 1)) < l->n;) {
		if (i > atomic_load(&failed) || l->body(i, worker, l->argument) == 0)
			continue;
		pthread_mutex_lock(&lock);
		if (i < atomic_load(&failed)) {
			atomic_store(&failed, i);
			memcpy(reason, err_reason(), strlen(err_reason()) + 1);
		}
		pthread_mutex_unlock(&lock);
	}
}

static void *worker_main(void *argument)
{
	size_t self = (size_t)(uintptr_t)argument, seen = 0, looks = self < par_cpus() ? LOOKS : 0;
	for (;;) {
		for (size_t i = 0; i < looks && atomic_load(&number) == seen; i++)
			pause_a_little();
		pthread_mutex_lock(&lock);
		while (atomic_load(&number) == seen) {
			asleep++;
			pthread_cond_wait(&begins, &lock);
			asleep--;
		}
		seen = atomic_load(&number);
		struct loop mine = loop;
		bool join = open && self < mine.threads;
		if (join)
			atomic_fetch_add(&inside, 1);
		pthread_mutex_unlock(&lock);
		if (!join)
			continue;
		work(&mine, self);
		pthread_mutex_lock(&lock);
		if (atomic_fetch_sub(&inside, 1) == 1 && waiting)
			pthread_cond_signal(&ends);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

/* As many workers as the system allows, at most `count`. Only the main thread handles signals. */
static void start_workers(size_t count)
{
	if (workers >= count)
		return;
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
	sigset_t all, before;
	sigfillset(&all);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		sigdelset(&all, faults[i]); /* the worker's own */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; workers < count; workers++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, worker_main, (void *)(uintptr_t)(workers + 1)))
			break;
		pthread_detach(thread);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int run_alone(size_t n, int (*body)(size_t, size_t, void *), void *argument)
{
	for (size_t i = 0; i < n; i++) {
		if (body(i, 0, argument) != 0)
			return -1;
	}
	return 0;
}

/* A forked child has none of its parent's workers, so nobody holds the lock or waits. */
static void forget_workers(void)
{
	pthread_mutex_init(&lock, NULL);
	pthread_cond_init(&begins, NULL);
	pthread_cond_init(&ends, NULL);
	open = waiting = false;
	asleep = workers = 0;
	atomic_store(&inside, 0);
	atomic_flag_clear(&used);
}

static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, forget_workers);
}

int par_for(size_t n, size_t threads, int (*body)(size_t, size_t, void *), void *argument)
{
	if (threads > n)
		threads = n;
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	/* a loop within a loop has no threads of its own */
	if (threads <= 1 || atomic_flag_test_and_set(&used))
		return run_alone(n, body, argument);
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, watch_forks);
	size_t looks = threads <= par_cpus() ? LOOKS : 0;
	pthread_mutex_lock(&lock);
	start_workers(threads - 1);
	loop = (struct loop){n, threads, body, argument};
	atomic_store(&next, 0);
	atomic_store(&failed, SIZE_MAX);
	open = true;
	atomic_fetch_add(&number, 1);
	if (asleep > 0)
		pthread_cond_broadcast(&begins);
	pthread_mutex_unlock(&lock);

	work(&loop, 0);

	pthread_mutex_lock(&lock);
	open = false;
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < looks && atomic_load(&inside) > 0; i++)
		pause_a_little();
	pthread_mutex_lock(&lock);
	waiting = true;
	while (atomic_load(&inside) > 0)
		pthread_cond_wait(&ends, &lock);
	waiting = false;
	int status = atomic_load(&failed) == SIZE_MAX ? 0 : err_set("%s", reason);
	pthread_mutex_unlock(&lock);
	atomic_flag_clear(&used);
	return status;
}
