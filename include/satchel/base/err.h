/* Errors: a code for the caller who acts on it, one message a thread for people.
 *
 * A function that can fail returns 0 or a negative code of this enum. Whoever detects the failure calls
 * err_set once; callers pass the code on, or clear it. Nothing below main prints or exits.
 * A message is one line: what was wrong, with which input, what to do; lower case, the subject quoted,
 * no full stop. Formats are looked up in the table of people's texts (base/text.h), so they must be literals. */
#ifndef SATCHEL_BASE_ERR_H
#define SATCHEL_BASE_ERR_H

enum err {
    ERR_NO = -1,      /* the answer is no: gaps, conflicts, a failed verification     (exit 1) */
    ERR_USAGE = -2,   /* wrong usage of a command                                     (exit 2) */
    ERR_INPUT = -3,   /* input refused: malformed, unknown, not allowed               (exit 3) */
    ERR_DAMAGED = -4, /* what we had written ourselves does not read back             (exit 4) */
    ERR_ROAD = -5,    /* the outside failed: file, permission, disk, network, memory  (exit 5) */
    ERR_MISSING = -6, /* what was named is not there                                  (exit 3) */
    ERR_WAIT = -7     /* cannot be judged yet: an unknown kit or form, a missing part (exit 3) */
};

#if defined(__GNUC__)
#define ERR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK __attribute__((warn_unused_result))
#else
#define ERR_PRINTF(fmt, args)
#define MUST_CHECK
#endif

/* Records the message and returns `code`, so that `return err_set(ERR_INPUT, "…", …);` reads well. */
int err_set(int code, const char *fmt, ...) ERR_PRINTF(2, 3);

/* Puts "<context>: " before the message that stands; returns `code`. For a caller who knows the input. */
int err_within(int code, const char *fmt, ...) ERR_PRINTF(2, 3);

/* ERR_ROAD with the system's words for errno: "cannot <what> '<path>': <strerror>". */
int err_system(const char *what, const char *path);

int err_memory(void); /* ERR_ROAD: out of memory */

/* The thread's last message, "" when there is none. Borrowed until the thread's next err_ call. */
const char *err_message(void);
void err_clear(void);

/* The exit status of cli.md for a code. */
int err_exit_status(int code);

#endif
