/* A disk that fails when it is told to, for profiling/faults/fault_disks.py.
 *
 *     cc -shared -fPIC -O2 -o failing_disk.so failing_disk.c -ldl
 *     FAILING_DISK=CONTROL LD_PRELOAD=./failing_disk.so python ...
 *
 * CONTROL is a file of 4 kB that is mapped: a mode (int) and the folder that fails (from byte 8).
 * Between the program and the C library, so that SQLite's calls fail as Python's do.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOUND, READ_ONLY, GONE, SLOW, BROKEN };
enum { SLOW_MICROSECONDS = 20000 };

struct control {
    volatile int mode;
    int unused;
    char folder[4088];
};

static struct control *control;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAILING_DISK");
    int fd = path ? open(path, O_RDWR) : -1;
    if (fd >= 0) {
        void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        control = page == MAP_FAILED ? NULL : page;
        close(fd);
    }
}

static int lies_there(const char *path)
{
    size_t length = strlen(control->folder);
    return length && !strncmp(path, control->folder, length)
        && (path[length] == '/' || path[length] == '\0');
}

/* Return the error of a call on a path, 0 if it is let through. */
static int path_error(const char *path, int writes)
{
    if (!control || control->mode == SOUND || !path || !lies_there(path))
        return 0;
    switch (control->mode) {
    case GONE:
        return ENOENT;
    case READ_ONLY:
        return writes ? EROFS : 0;
    case BROKEN:
        return writes ? EIO : 0;
    default:
        if (writes)
            usleep(SLOW_MICROSECONDS);
        return 0;
    }
}

static int file_error(int fd, int writes)
{
    char link[64], path[PATH_MAX];
    ssize_t length;
    int error;
    if (!control || control->mode == SOUND)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = '\0';
    error = path_error(path, writes);
    return error == ENOENT ? EIO : error;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define REFUSE(error) do { int e_ = (error); if (e_) { errno = e_; return -1; } } while (0)

static int opens_for_writing(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        va_list rest; mode_t mode; \
        va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); \
        REFUSE(path_error(path, opens_for_writing(flags))); \
        return REAL(name)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) \
    { \
        va_list rest; mode_t mode; \
        va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); \
        REFUSE(path_error(path, opens_for_writing(flags))); \
        return REAL(name)(folder, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

#define ON_FILE(type, name, writes, arguments, values) \
    type name arguments { REFUSE(file_error(fd, writes)); return REAL(name) values; }
ON_FILE(ssize_t, write, 1, (int fd, const void *data, size_t size), (fd, data, size))
ON_FILE(ssize_t, pwrite, 1, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
ON_FILE(ssize_t, pwrite64, 1, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
ON_FILE(ssize_t, read, 0, (int fd, void *data, size_t size), (fd, data, size))
ON_FILE(ssize_t, pread, 0, (int fd, void *data, size_t size, off_t at), (fd, data, size, at))
ON_FILE(ssize_t, pread64, 0, (int fd, void *data, size_t size, off64_t at), (fd, data, size, at))
ON_FILE(int, fsync, 1, (int fd), (fd))
ON_FILE(int, fdatasync, 1, (int fd), (fd))
ON_FILE(int, ftruncate, 1, (int fd, off_t size), (fd, size))
ON_FILE(int, ftruncate64, 1, (int fd, off64_t size), (fd, size))

#define ON_PATH(name, writes, arguments, values) \
    int name arguments { REFUSE(path_error(path, writes)); return REAL(name) values; }
ON_PATH(mkdir, 1, (const char *path, mode_t mode), (path, mode))
ON_PATH(rmdir, 1, (const char *path), (path))
ON_PATH(unlink, 1, (const char *path), (path))
ON_PATH(truncate, 1, (const char *path, off_t size), (path, size))
ON_PATH(truncate64, 1, (const char *path, off64_t size), (path, size))
ON_PATH(access, 0, (const char *path, int mode), (path, mode))
ON_PATH(chmod, 1, (const char *path, mode_t mode), (path, mode))
ON_PATH(stat, 0, (const char *path, struct stat *found), (path, found))
ON_PATH(stat64, 0, (const char *path, struct stat64 *found), (path, found))
ON_PATH(lstat, 0, (const char *path, struct stat *found), (path, found))
ON_PATH(lstat64, 0, (const char *path, struct stat64 *found), (path, found))

int rename(const char *path, const char *target)
{
    REFUSE(path_error(path, 1));
    REFUSE(path_error(target, 1));
    return REAL(rename)(path, target);
}
