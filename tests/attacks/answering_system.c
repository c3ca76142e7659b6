/* An operating system whose answers a test decides, for one process: LD_PRELOAD it.
 *
 * RANDOM_ANSWERS: two hexadecimal digits for each request for randomness; the request is filled with that byte, and the
 * last one is given again and again. REFUSED_THREADS: no thread can be started. REFUSED_SYNCS: nothing that was written gets onto the
 * disk. Without any, all is as it was.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>

static char current[64];
static size_t given;

static int digit(char letter) { return letter <= '9' ? letter - '0' : letter - 'a' + 10; }

/* The byte that this request is to be filled with, or nothing (-1). */
static int next_answer(void) {
    const char *answers = getenv("RANDOM_ANSWERS");
    if (answers == NULL || strlen(answers) < 2)
        return -1;
    if (strcmp(answers, current) != 0) {
        strncpy(current, answers, sizeof current - 1);
        given = 0;
    }
    const char *answer = answers + 2 * given;
    if (answer[2] != '\0')
        given++;
    return 16 * digit(answer[0]) + digit(answer[1]);
}

long syscall(long number, ...) {
    static long (*real)(long, ...);
    va_list list;
    long a[6];
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    int answer = number == SYS_getrandom && a[1] > 0 ? next_answer() : -1; /* none for the question whether it is there */
    if (answer >= 0) {
        memset((void *)a[0], answer, (size_t)a[1]);
        return a[1];
    }
    if (real == NULL)
        real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

ssize_t getrandom(void *buffer, size_t length, unsigned int flags) {
    return syscall(SYS_getrandom, buffer, length, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (getenv("REFUSED_THREADS") != NULL)
        return EAGAIN;
    if (real == NULL)
        real = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attributes, start, argument);
}

/* Both are said to fail as they do on a disk that is going to: with an error that comes only here. */
static int synchronise(const char *name, int file) {
    if (getenv("REFUSED_SYNCS") != NULL) {
        errno = EIO;
        return -1;
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(file);
}

int fsync(int file) { return synchronise("fsync", file); }

int fdatasync(int file) { return synchronise("fdatasync", file); }
