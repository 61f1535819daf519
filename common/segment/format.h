/* SPDX-License-Identifier: Apache-2.0
 *
 * The numbers of the file format: docs/FORMAT.md explains them, section by section, and wins where
 * the two disagree. Everything is little-endian.
 *
 * History of GS_FORMAT: 1 first; 2 a count for each block of a long list, and stops of characters
 * instead of a list of all breaks.
 */
#ifndef GS_SEGMENT_FORMAT_H
#define GS_SEGMENT_FORMAT_H

#include <stdint.h>

#define GS_FORMAT 2u

/* FORMAT 2: a container is header · chunks · page sums · table of contents · footer. */
#define GS_MAGIC "\x8bGS\r\n\x1a\n\0"
#define GS_HEADER_BYTES 64u
#define GS_FOOTER_BYTES 64u
#define GS_TOC_ROW_BYTES 24u
#define GS_CHUNK_ALIGN 64u
#define GS_PAGE_BYTES 16384u
#define GS_CHUNKS_MAX 32u

/* FORMAT 1: names of files. */
#define GS_SEGMENT_PREFIX "seg-"
#define GS_SEGMENT_SUFFIX ".gss"
#define GS_DELETES_PREFIX "del-"
#define GS_DELETES_SUFFIX ".gsd"
#define GS_INPUTS_PREFIX "inputs-"
#define GS_INPUTS_SUFFIX ".gsi"
#define GS_MANIFEST_PREFIX "manifest-"
#define GS_MANIFEST_SUFFIX ".gsm"

#define GS_ID(a, b, c, d)                                                                          \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

#define GS_KIND_SEGMENT GS_ID('S', 'E', 'G', 'M')
#define GS_KIND_DELETES GS_ID('D', 'E', 'L', 'S')
#define GS_KIND_INPUTS GS_ID('I', 'N', 'P', 'S')

/* FORMAT 3: chunks of a segment. */
#define GS_CHUNK_META GS_ID('M', 'E', 'T', 'A') /* 3.1 counts and versions */
#define GS_CHUNK_DOCS GS_ID('D', 'O', 'C', 'S') /* 3.2 where documents start */
#define GS_CHUNK_COLS GS_ID('C', 'O', 'L', 'S') /* 3.3 one number a document */
#define GS_CHUNK_KEYS GS_ID('K', 'E', 'Y', 'S') /* 3.4 ids in bytewise order */
#define GS_CHUNK_TITL GS_ID('T', 'I', 'T', 'L') /* 3.5 titles */
#define GS_CHUNK_SRCS GS_ID('S', 'R', 'C', 'S') /* 3.6 which input a document came from */
#define GS_CHUNK_CHAR GS_ID('C', 'H', 'A', 'R') /* 3.7 CJK characters and their frequencies */
#define GS_CHUNK_GRAM GS_ID('G', 'R', 'A', 'M') /* 3.8 dictionary of grams */
#define GS_CHUNK_WORD GS_ID('W', 'O', 'R', 'D') /* 3.9 dictionary of words */
#define GS_CHUNK_POST GS_ID('P', 'O', 'S', 'T') /* 3.10 lists of positions */
#define GS_CHUNK_SDIR GS_ID('S', 'D', 'I', 'R') /* 3.11 where short-list chunks start */
#define GS_CHUNK_TEXT GS_ID('T', 'E', 'X', 'T') /* 3.12 stored text */
#define GS_CHUNK_TDIR GS_ID('T', 'D', 'I', 'R') /* 3.13 where text blocks start */
#define GS_CHUNK_TRIG GS_ID('T', 'R', 'I', 'G') /* 3.15 dictionary of trigrams */
#define GS_CHUNK_CKPT GS_ID('C', 'K', 'P', 'T') /* 3.14 places where analysis can resume */

/* FORMAT 4: chunks of a deletes file. */
#define GS_CHUNK_BITS GS_ID('B', 'I', 'T', 'S')
#define GS_CHUNK_SHAR GS_ID('S', 'H', 'A', 'R')

/* FORMAT 5: chunks of an inputs file. */
#define GS_CHUNK_PATH GS_ID('P', 'A', 'T', 'H')
#define GS_CHUNK_STAT GS_ID('S', 'T', 'A', 'T')

/* 3.10 */
#define GS_BLOCK_POSTINGS 256u /* postings of one block, at most */
#define GS_BLOCK_LANES 8u
#define GS_BLOCK_UNITS 4u        /* parts of a block that have an impact each, */
#define GS_UNIT_POSITIONS 64u    /* of so many positions, but for the last that has some */
#define GS_CHUNK_GAPS 512u       /* gaps of one short-list chunk */
#define GS_LONG_MIN_DEFAULT 256u /* lists from this length on are cut into blocks, */
#define GS_PACKED_MIN 8192u      /* and from this one on, the blocks are bit-packed */
#define GS_CODED_BITS 64u        /* what is added to the highest class of a block that is not */

/* 3.4, 3.8, 3.9 */
#define GS_STRINGS_BLOCK 16u
#define GS_GRAMS_BLOCK 64u
#define GS_WORDS_BLOCK 16u

/* 3.12, 3.14 */
#define GS_TEXT_BLOCK_BYTES 32768u /* raw; a whole document may go over, up to the next: */
#define GS_TEXT_BLOCK_BYTES_MAX 65536u
#define GS_CHECKPOINT_BYTES 4096u
#define GS_STORED_BYTES_MAX (256u << 20) /* text and fields of one document */

#endif
