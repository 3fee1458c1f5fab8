// oc_options: which form of each primitive is built. All forms give the same results.
//
// OC_PROFILE sets them all; any one can still be given by itself:
//   0 small  a microcontroller short of flash (the default)
//   1 fast   a microcontroller: what firmware images and native modules take
//   2 host   a PC: big tables, batches, vector units found at run time
#ifndef OC_OPTIONS_H
#define OC_OPTIONS_H

#ifndef OC_PROFILE
#define OC_PROFILE 0
#endif

// Cortex-M0 and M0+: fewer rounds are written out, so that the whole core stays under 24 KiB.
#if defined(__ARM_ARCH) && __ARM_ARCH == 6
#define OC_ARM6 1
#else
#define OC_ARM6 0
#endif

// 1: 16 KiB of tables for eight bytes at once; 0: 128 bytes, half a byte at once.
#ifndef OC_CRC_TABLE
#define OC_CRC_TABLE (OC_PROFILE == 2)
#endif

// 1: carry-less multiplication where an x86 processor has it, found at run time; tables besides.
#ifndef OC_CLMUL
#if defined(__GNUC__) && defined(__x86_64__)
#define OC_CLMUL (OC_PROFILE == 2)
#else
#define OC_CLMUL 0
#endif
#endif

// Rounds of SM3 written out: 0 four of 64, 1 sixteen, 2 all; of SHA-256: 0 eight of 64, 1 sixteen.
#ifndef OC_SM3_UNROLL
#if OC_PROFILE == 2 || (OC_PROFILE == 1 && !OC_ARM6)
#define OC_SM3_UNROLL 2
#else
#define OC_SM3_UNROLL (OC_PROFILE == 1)
#endif
#endif
#ifndef OC_SHA256_UNROLL
#define OC_SHA256_UNROLL (OC_PROFILE != 0 && !OC_ARM6)
#endif

// 1: the SHA instructions where an x86 processor has them, found at run time; the C besides.
#ifndef OC_SHA_UNIT
#if defined(__GNUC__) && __GNUC__ >= 11 && defined(__x86_64__)  // clang says 4, and cannot ask
#define OC_SHA_UNIT (OC_PROFILE == 2)
#else
#define OC_SHA_UNIT 0
#endif
#endif

// 1: 2 KiB of joined tables; 0: 1 KiB and two look-ups for one.
#ifndef OC_DES_TABLE
#define OC_DES_TABLE (OC_PROFILE != 0)
#endif

// Tables of 1 KiB for a round of SM4: 0 (the 256-byte S-box alone), 1 or 4.
#ifndef OC_SM4_TABLES
#define OC_SM4_TABLES (OC_PROFILE == 2 ? 4 : OC_PROFILE)
#endif

// 1: a table of 1 KiB for a round of AES each way; 0: the two 256-byte S-boxes.
#ifndef OC_AES_TABLES
#define OC_AES_TABLES (OC_PROFILE != 0)
#endif

// Blocks of a cipher that a mode puts into one call.
#ifndef OC_BATCH
#define OC_BATCH (OC_PROFILE == 2 ? 64 : 1)
#endif

#endif
