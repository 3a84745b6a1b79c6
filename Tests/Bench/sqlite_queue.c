/* The peer of the ring: a store-and-forward queue in SQLite, as one is usually built. It stores
 * the same records on the same schedule and prints one line of JSON, as `pulsegate-bench ring`
 * does.
 *
 *   sqlite_queue DATABASE SENSORS SECONDS full|normal offline|online|batch [real]
 *
 * offline   a commit a second with the records of that second
 * online    the same, and what was acknowledged since the last commit is deleted in it
 * batch     a commit every 30 s, which inserts their records and deletes what was acknowledged
 *
 * It says `ready`, waits for a line, says what it came to and waits for another.
 *
 * WAL, prepared statements, one connection, pages of 4 KiB and the automatic checkpoint, as
 * SQLite has them by default.
 */
#define _GNU_SOURCE
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long syncs;

/* The library's calls come here: symbols of the program go before those of libc. */
int fdatasync(int descriptor) {
    syncs += 1;
    return (int)syscall(SYS_fdatasync, descriptor);
}

int fsync(int descriptor) {
    syncs += 1;
    return (int)syscall(SYS_fsync, descriptor);
}

static void fail(const char *what, const char *why) {
    fprintf(stderr, "sqlite_queue: %s: %s\n", what, why);
    exit(1);
}

static long long nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void check(sqlite3 *database, int result) {
    if (result != SQLITE_OK && result != SQLITE_DONE) fail("SQLite", sqlite3_errmsg(database));
}

static sqlite3_stmt *prepare(sqlite3 *database, const char *text) {
    sqlite3_stmt *statement;
    check(database, sqlite3_prepare_v3(
        database, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL));
    return statement;
}

static void step(sqlite3 *database, sqlite3_stmt *statement) {
    check(database, sqlite3_step(statement));
    check(database, sqlite3_reset(statement));
}

static sqlite3_stmt *insertion, *deletion, *begin, *commit;

/* The fields of a record of the ring, in their natural types. */
static void insert(sqlite3 *database, long long sequence, int sensor, int sensors) {
    static const unsigned char boot[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    char name[32];
    snprintf(name, sizeof name, "D4:4A:C4:B0:24:%d", sensor);
    unsigned char interval[2] = {(unsigned char)(sequence * 7), 2};
    long long time = sequence / sensors;
    sqlite3_bind_int64(insertion, 1, sequence);
    sqlite3_bind_int64(insertion, 2, 1752599433123456LL + time * 1000000);
    sqlite3_bind_int64(insertion, 3, time * 1000000000LL);
    sqlite3_bind_int(insertion, 4, 1);
    sqlite3_bind_blob(insertion, 5, boot, sizeof boot, SQLITE_STATIC);
    sqlite3_bind_int64(insertion, 6, 0xB1946AC9LL);
    sqlite3_bind_text(insertion, 7, name, -1, SQLITE_STATIC);
    sqlite3_bind_int(insertion, 8, 1);
    sqlite3_bind_int(insertion, 9, 60 + (int)(sequence % 128));
    sqlite3_bind_int(insertion, 10, 3);
    sqlite3_bind_null(insertion, 11);
    sqlite3_bind_blob(insertion, 12, interval, sizeof interval, SQLITE_STATIC);
    step(database, insertion);
}

int main(int count, char **words) {
    if (count != 6 && count != 7)
        fail("usage", "sqlite_queue DATABASE SENSORS SECONDS full|normal MODE [real]");
    const char *path = words[1];
    int in_real_time = count == 7;
    int sensors = atoi(words[2]), seconds = atoi(words[3]);
    int is_offline = strcmp(words[5], "offline") == 0;
    int every = strcmp(words[5], "batch") == 0 ? 30 : 1;
    sqlite3 *database;
    check(NULL, sqlite3_open(path, &database));
    check(database, sqlite3_exec(database, "PRAGMA journal_mode = WAL", NULL, NULL, NULL));
    char pragma[64];
    snprintf(pragma, sizeof pragma, "PRAGMA synchronous = %s", words[4]);
    check(database, sqlite3_exec(database, pragma, NULL, NULL, NULL));
    check(database, sqlite3_exec(database,
        "CREATE TABLE records (sequence INTEGER PRIMARY KEY, wall INTEGER, monotonic INTEGER,"
        " clock INTEGER, boot BLOB, session INTEGER, sensor TEXT, kind INTEGER,"
        " beats_per_minute INTEGER, contact INTEGER, energy INTEGER, intervals BLOB)",
        NULL, NULL, NULL));
    begin = prepare(database, "BEGIN IMMEDIATE");
    commit = prepare(database, "COMMIT");
    deletion = prepare(database, "DELETE FROM records WHERE sequence < ?");
    insertion = prepare(database, "INSERT INTO records VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");

    /* Whoever counts what the kernel does begins here, and ends at the next line. */
    puts("ready");
    fflush(stdout);
    getchar();
    syncs = 0;
    long commits = 0;
    long long processor = 0, wall = 0;
    long long sequence = 0, acknowledged = 0;
    for (int second = every; second <= seconds; second += every) {
        if (in_real_time) sleep(every);
        long long processor_begun = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
        long long wall_begun = nanoseconds(CLOCK_MONOTONIC);
        step(database, begin);
        if (!is_offline && acknowledged > 0) {
            sqlite3_bind_int64(deletion, 1, acknowledged);
            step(database, deletion);
        }
        for (int index = 0; index < every * sensors; index++) {
            insert(database, sequence, index % sensors, sensors);
            sequence += 1;
        }
        step(database, commit);
        processor += nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - processor_begun;
        wall += nanoseconds(CLOCK_MONOTONIC) - wall_begun;
        commits += 1;
        acknowledged = sequence;
    }
    printf("{\"records\": %lld, \"cpu_ns\": %lld, \"wall_ns\": %lld, \"writes\": %ld,"
           " \"syncs\": %ld}\n", sequence, processor, wall, commits, syncs);
    fflush(stdout);
    getchar();
    return 0;
}
