/* gzip of one or more members (RFC 1952), each made of up to 1 MiB, side by side on the machine's cores.
 *
 * Members are deflated at level 1 (libdeflate) or stored, as gzip_choose says from there on. The header is fixed:
 * 1f 8b 08 00, mtime 0, XFL 0, OS 255. Reading (zlib) accepts that header only, checks CRC and ISIZE, and refuses
 * input without any member, trailing bytes, rows of empty members, and more plain bytes than the caller allows.
 * (A ratio alone proves nothing: DEFLATE ends at 1032 : 1, and a megabyte of honest zeros gets there.) */
#ifndef SATCHEL_FORMAT_GZIP_H
#define SATCHEL_FORMAT_GZIP_H

#include <stdbool.h>
#include "satchel/base/io.h"

#define GZIP_MEMBER_SIZE ((size_t)1 << 20)

/* Starts with deflate. Owns under once 0. Takes 2 MiB a thread and 2 more (threads: 1 … 4 are used; with 1 the
 * caller's own does the work). The bytes written depend neither on threads nor on how the writes were cut. */
int gzip_sink(struct sink **out, struct sink *under, int threads) MUST_CHECK;
/* What is written from now on is deflated or stored; ends the open member where that is a change. */
int gzip_choose(struct sink *gzip, bool deflate) MUST_CHECK;
/* The 64 KiB probe: true where a sample shrinks by a tenth or more. */
bool gzip_worth(const void *sample, size_t len);

/* max_out: no more plain bytes than this in all (ERR_INPUT beyond: a bomb). Owns under once 0. */
int gunzip_source(struct source **out, struct source *under, uint64_t max_out) MUST_CHECK;

#endif
